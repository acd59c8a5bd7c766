// Index arithmetic as WGSL: 32-bit integers, whose division truncates.
import type { Atom, Index } from '../../ir/index.js';
import { binary, primary, type Expression } from '../typescript/expression.js';

/** Addresses, bounds and sizes; `atom` prints axes, sizes and integer elements. */
export function printIndex(index: Index, atom: (part: Exclude<Atom, { kind: 'quotient' }>) => Expression): Expression {
  // A difference begins with what is not subtracted.
  const first = index.terms.find((term) => term.factor > 0);
  const terms = first ? [first, ...index.terms.filter((term) => term !== first)] : index.terms;
  let sum: Expression | undefined;
  for (const { factor, atoms } of terms) {
    const magnitude = sum ? Math.abs(factor) : factor;
    const parts = atoms.map((part) =>
      part.kind === 'quotient' ? binary('/', printIndex(part.of, atom), printIndex(part.by, atom)) : atom(part),
    );
    const factors = magnitude === 1 && parts.length > 0 ? parts : [primary(String(magnitude)), ...parts];
    // A quotient keeps its parentheses: n * (p / n) is not p.
    const product = factors.reduce((a, b) => binary('*', a, b));
    sum = sum ? binary(factor < 0 ? '-' : '+', sum, product) : product;
  }
  return sum ?? primary('0');
}
