// What targets promise, for tests of plan and lower.
import type { TargetTraits } from '../../src/ir/program.js';

export const ts: TargetTraits = {
  name: 'ts',
  lanes: false,
  workgroups: false,
  policy: { storeGradients: true, separateUpdates: true },
  flatMemory: false,
  doubles: true,
};
export const wasm: TargetTraits = {
  name: 'wasm',
  lanes: true,
  workgroups: false,
  policy: { storeGradients: false, separateUpdates: false },
  flatMemory: true,
};
/** With fused multiply-add. */
export const relaxed: TargetTraits = { ...wasm, fused: true };
export const wgsl: TargetTraits = {
  name: 'wgsl',
  lanes: false,
  workgroups: true,
  policy: { storeGradients: false, separateUpdates: false },
  flatMemory: true,
  typedMemory: true,
};
