// Index arithmetic as TypeScript, and for whatever else spells no more than quotients otherwise.
import type { Atom, Axis, Index } from '../../ir/index.js';
import type { Scalar } from '../../ir/scalar.js';
import { binary, primary, type Expression } from './expression.js';

type Part = Exclude<Atom, { kind: 'quotient' | 'sum' }>;

/** Prints addresses, bounds and sizes; `part` prints axes, sizes and integer elements. */
type PrintIndex = (index: Index, part: (of: Part) => Expression) => Expression;

export function printIndexBy(quotient: (of: Expression, by: Expression) => Expression): PrintIndex {
  const print: PrintIndex = (index, part) => {
    const atom = (a: Atom): Expression => {
      if (a.kind === 'sum') return print(a.of, part);
      return a.kind === 'quotient' ? quotient(print(a.of, part), print(a.by, part)) : part(a);
    };
    // A difference begins with what is not subtracted.
    const first = index.terms.find((term) => term.factor > 0);
    const terms = first ? [first, ...index.terms.filter((term) => term !== first)] : index.terms;
    let sum: Expression | undefined;
    for (const { factor, atoms } of terms) {
      const magnitude = sum ? Math.abs(factor) : factor;
      const parts = atoms.map(atom);
      const factors = magnitude === 1 && parts.length > 0 ? parts : [primary(String(magnitude)), ...parts];
      // A quotient keeps its parentheses: n * (p / n) is not p.
      const product = factors.reduce((a, b) => binary('*', a, b));
      sum = sum ? binary(factor < 0 ? '-' : '+', sum, product) : product;
    }
    return sum ?? primary('0');
  };
  return print;
}

export const printIndex = printIndexBy((of, by) => primary(`Math.floor(${binary('/', of, by).text})`));

/** The parts of an index within a kernel. */
export function partsIn(
  names: { size(name: string): string; axis(axis: Axis): string },
  element: (value: Scalar) => Expression,
): (part: Part) => Expression {
  return (part) => {
    switch (part.kind) {
      case 'size':
        return primary(names.size(part.name));
      case 'axis':
        return primary(names.axis(part));
      case 'element':
        return element(part.of);
      default:
        return part satisfies never;
    }
  };
}
