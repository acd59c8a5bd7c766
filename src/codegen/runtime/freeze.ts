// Parameters that a program freezes while it runs: what a step makes of them, and of their slots, is undone behind it.
import { nameOf } from './checks.js';
import { gpuUsage, type Gpu } from './webGpu.js';
import type { Tensor } from './safetensors.js';

/** Frozen parameters, with room for what steps are not to change: by the names of tensors. */
export interface Frozen {
  readonly names: ReadonlySet<string>;
  readonly room: Map<string, Tensor['data']>;
}

/** The parameters that one of the patterns matches, in which `*` is any characters; undefined where there is none. */
export function frozenBy(patterns: unknown, names: readonly string[]): Frozen | undefined {
  if (!Array.isArray(patterns)) throw new TypeError(`freeze: expected a list of patterns, got ${nameOf(patterns)}`);
  const found = patterns.flatMap((pattern: unknown) => {
    if (typeof pattern !== 'string') throw new TypeError(`freeze: expected text, got ${nameOf(pattern)}`);
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const form = new RegExp(`^${parts.join('.*')}$`, 'su');
    const own = names.filter((name) => form.test(name));
    if (own.length > 0) return own;
    throw new RangeError(`freeze: no parameter is called ${pattern.slice(0, 80)}: there are ${names.join(', ')}`);
  });
  return found.length > 0 ? { names: new Set(found), room: new Map() } : undefined;
}

/** What belongs to these parameters: themselves, their averages, and `optimizer/NAME/…`. */
function tensorsOfFrozen({ names }: Frozen, tensors: readonly Tensor[]): Tensor[] {
  return tensors.filter(({ name, starts }) => names.has(starts ?? name.split('/').at(-2) ?? name));
}

/** Remembers what these tensors hold; the function that is returned puts it back. */
export function holdTensors(frozen: Frozen, tensors: readonly Tensor[]): () => void {
  const held = tensorsOfFrozen(frozen, tensors).map(({ name, data }) => {
    const before = frozen.room.get(name) ?? data.slice();
    before.set(data);
    frozen.room.set(name, before);
    return [data, before] as const;
  });
  return () => {
    for (const [data, before] of held) data.set(before);
  };
}

/** The same on the device, in whose memory tensors lie as far from its start as in the array that they are part of. */
export function holdOnGpu(gpu: Gpu, frozen: Frozen, tensors: readonly Tensor[]): () => void {
  const own = tensorsOfFrozen(frozen, tensors);
  const size = own.reduce((sum, { data }) => sum + data.byteLength, 0);
  const usage = gpuUsage.copySource | gpuUsage.copyTarget;
  const held = gpu.device.createBuffer({ label: `${gpu.name} frozen`, size, usage });
  const copy = (back: boolean): void => {
    const encoder = gpu.device.createCommandEncoder();
    let at = 0;
    for (const { data } of own) {
      const [here, there] = [[gpu.floats, data.byteOffset] as const, [held, at] as const];
      const [from, to] = back ? [there, here] : [here, there];
      encoder.copyBufferToBuffer(...from, ...to, data.byteLength);
      at += data.byteLength;
    }
    gpu.device.queue.submit([encoder.finish()]);
  };
  copy(false);
  return () => {
    copy(true);
    // What is under way is finished first.
    held.destroy();
  };
}
