// What a value loads, and whether it does so in any case.
import type { Index } from './index.js';
import type { Buffer, Scalar } from './scalar.js';
import { elementsOf } from './walk.js';

export interface Access {
  readonly buffer: Buffer;
  readonly at: Index;
  /** Made only where a condition holds. */
  readonly guarded: boolean;
}

/** Every load of the value, those in addresses included. */
export function loadsOf(value: Scalar, found: (access: Access) => void): void {
  visitLoads(value, false, found, new Set());
}

function visitLoads(value: Scalar, guarded: boolean, found: (access: Access) => void, seen: Set<string>): void {
  const key = guarded ? `?${value.key}` : value.key;
  if (seen.has(key) || seen.has(value.key)) return;
  seen.add(key);
  const again = (part: Scalar): void => visitLoads(part, guarded, found, seen);
  switch (value.kind) {
    case 'number':
    case 'local':
      return;
    case 'index':
      return elementsOf(value.of).forEach(again);
    case 'load':
      elementsOf(value.at).forEach(again);
      return found({ buffer: value.from, at: value.at, guarded });
    case 'apply': {
      const lazy = value.op === 'select' || value.op === 'and' || value.op === 'or';
      value.args.forEach((arg, i) => visitLoads(arg, guarded || (lazy && i > 0), found, seen));
      return;
    }
    case 'fold':
      return again(value.body);
    case 'splat':
    case 'lane':
      return again(value.of);
    default:
      return value satisfies never;
  }
}
