// Formulas by what they say: two of one key read alike, whatever nodes they stand for.
import { partsOf, seen, type Formula } from './tree.js';

const known = new WeakMap<Formula, string>();

/** The same of two formulas that read alike. */
export function formulaKey(formula: Formula): string {
  const of = seen(formula);
  const found = known.get(of);
  if (found !== undefined) return found;
  const key = `${of.kind}${ownKey(of)}(${partsOf(of).map(formulaKey).join()})`;
  known.set(of, key);
  return key;
}

/** What a formula says beside its parts. */
function ownKey(of: Formula): string {
  switch (of.kind) {
    case 'name':
      return JSON.stringify(of.title, ['of', 'word', 'by', 'inner']);
    case 'number':
      return String(of.value);
    case 'size':
      return of.of.key;
    case 'apply':
      return `${of.name} ${of.settings.map(({ name = '', value }) => `${name} ${valueKey(value)}`).join(' ')}`;
    case 'infix':
    case 'prefix':
      return of.operator;
    case 'index':
      return JSON.stringify(of.places.map((place) => (typeof place === 'string' ? place : null)));
    case 'contraction':
      return [of.letters.left, of.letters.right, of.free]
        .map((list) => list.map(({ letter }) => letter).join(' '))
        .join('|');
    case 'sum':
      return of.axes.join(' ');
    case 'total':
      return of.letters.join(' ');
    case 'words':
      return JSON.stringify(of.parts.map((part) => (typeof part === 'string' ? part : null)));
    case 'power':
    case 'transpose':
    case 'cases':
    case 'list':
    case 'silent':
    case 'omitted':
      return '';
    default:
      return of satisfies never;
  }
}

function valueKey(value: Extract<Formula, { kind: 'apply' }>['settings'][number]['value']): string {
  switch (value.kind) {
    case 'text':
      return value.text;
    case 'axes':
      return value.axes.join(' ');
    case 'shape':
      return value.shape.map(({ size }) => size.key).join(' ');
    default:
      return value satisfies never;
  }
}
