// An index as text, for stages and messages.
import { spellsName } from '../../diagnostics/name.js';
import type { Atom, Index } from './arithmetic.js';

/** The printed form: `10*i + j`, `batch`, `floor(k / 5)`. */
export function printIndex(a: Index): string {
  if (a.terms.length === 0) return '0';
  const [only] = a.terms;
  // A sum that is all there is needs no parentheses.
  if (a.terms.length === 1 && only.factor === 1 && only.atoms.length === 1 && only.atoms[0].kind === 'sum')
    return printIndex(only.atoms[0].of);
  return a.terms
    .map((term, n) => {
      const atoms = term.atoms.map(printAtom);
      const magnitude = Math.abs(term.factor);
      const body =
        atoms.length === 0 ? `${magnitude}` : [...(magnitude === 1 ? [] : [`${magnitude}`]), ...atoms].join('*');
      if (n === 0) return term.factor < 0 ? `-${body}` : body;
      return term.factor < 0 ? ` - ${body}` : ` + ${body}`;
    })
    .join('');
}

function printAtom(part: Atom): string {
  switch (part.kind) {
    case 'size':
    case 'axis':
      return part.name;
    case 'sum':
      return `(${printIndex(part.of)})`;
    case 'quotient':
      return `floor(${printOperand(part.of)} / ${printOperand(part.by)})`;
    case 'element':
      return `[${part.of.key}]`;
    default:
      return part satisfies never;
  }
}

/** Of a division: sums and products stand in parentheses. */
function printOperand(of: Index): string {
  const text = printIndex(of);
  return spellsName(text) || /^(\d+|floor\([^()]*\)|\[.*\])$/.test(text) ? text : `(${text})`;
}
