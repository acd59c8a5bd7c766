// Which loops of explicit statements may run their rounds in any order, or at once.
import type { ExplicitNest, Statement } from '../../../ir/program.js';
import type { Index } from '../../../ir/index.js';
import type { Buffer, Scalar } from '../../../ir/scalar.js';
import { loadsOf } from '../../../ir/nest/traverse.js';
import { rowStride } from '../../../ir/nest/rowStride.js';

type Loop = Extract<Statement, { kind: 'loop' }>;

/** The loop that is all of the nest, where every round stores in a row of its own and reads what is stored from there alone. */
export function independentLoop({ body }: ExplicitNest): Loop | undefined {
  const [loop, ...more] = body;
  if (loop?.kind !== 'loop' || more.length > 0 || loop.from || loop.last || loop.step !== 1) return undefined;
  const stores: { to: Buffer; at: Index }[] = [];
  const values: Scalar[] = [];
  const collect = (s: Statement): void => {
    switch (s.kind) {
      case 'loop':
        return s.body.forEach(collect);
      case 'let':
      case 'set':
        return void values.push(s.value);
      case 'store':
        stores.push({ to: s.to, at: s.at });
        return void values.push(s.value);
      case 'if':
        return [...s.then, ...s.else].forEach(collect);
      case 'index':
      case 'transpose':
      case 'barrier':
        return;
      default:
        return s satisfies never;
    }
  };
  loop.body.forEach(collect);
  const strides = new Map<Buffer, string>();
  const inRow = ({ to, at }: { to: Buffer; at: Index }): boolean => {
    const stride = rowStride({ at }, loop.axis)?.key;
    if (stride === undefined || (strides.get(to) ?? stride) !== stride) return false;
    strides.set(to, stride);
    return true;
  };
  const loads = values.flatMap(loadsOf).map((load) => ({ to: load.from, at: load.at }));
  return stores.every(inRow) && loads.filter((l) => strides.has(l.to)).every(inRow) ? loop : undefined;
}
