// What layers and kernels cost, in words and as rows of a table.
import type { Costs, KernelCosts } from './costs.js';
import { bytesText, countText, flopsText, intensityOf } from './units.js';

export const costHeads = [
  'parameters',
  'forward',
  'backward',
  'update',
  'read',
  'written',
  'FLOP/byte',
  'kept',
] as const;

/** Under `costHeads`; nothing where there is none. */
export function costCells(costs: Omit<Costs, 'peak' | 'dispatches'>): string[] {
  const { trained, frozen, forward, backward, update, read, written, kept } = costs;
  const flops = forward + backward + update;
  return [
    countText(trained) + (frozen > 0 ? ` + ${countText(frozen)} frozen` : ''),
    flopsText(forward),
    flopsText(backward),
    flopsText(update),
    bytesText(read),
    bytesText(written),
    flops === 0 ? '' : intensityOf(flops, read + written).toFixed(2),
    bytesText(kept),
  ];
}

/** `3 mul, add` */
export function fusedText(ops: KernelCosts['ops']): string {
  return [...ops].map(([op, count]) => (count > 1 ? `${count} ${op.name}` : op.name)).join(', ');
}
