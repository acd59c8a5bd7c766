// The targets as they are, for tests of plan, lower and printers.
import { targets } from '../../src/targets.js';
import type { TargetTraits } from '../../src/ir/program.js';

export const { ts, wasm, wgsl } = targets;
/** With fused multiply-add. */
export const relaxed: TargetTraits = { ...wasm, fma: true };
/** For engines that join neighbouring vectors. */
export const wide: TargetTraits = { ...wasm, wide: true };
export const wideRelaxed: TargetTraits = { ...relaxed, wide: true };
/** Without sums in blocks. */
export const wasmOfWholeSums: TargetTraits = { ...wasm, blocks: undefined };
