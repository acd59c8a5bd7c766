// Words that a model printed by us may use for its values.
import { nameLetters } from '../../diagnostics/name.js';
import { builtins, constants } from '../../passes/elaborate/builtins.js';
import type { BuiltinKind } from '../../passes/elaborate/values.js';

const notLetter = new RegExp(`[^${nameLetters}]`, 'gu');

/** Words that begin statements, or mean something by themselves. */
const meant = [
  ...['if', 'then', 'else', 'and', 'or', 'not', 'true', 'false', 'training', 'fn', 'layer', 'model', 'optimizer'],
  ...[
    'import',
    'gradient',
    'input',
    'output',
    'loss',
    'metric',
    'param',
    'frozen',
    'state',
    'observe',
    'train',
    'next',
  ],
  ...['scan', 'emit', 'return', 'require', 'along', 'backwards', 'in', 'from', 'slot', 'index', 'bool', 'repeat'],
];

/** What expressions of ours may call. */
const called: ReadonlySet<BuiltinKind> = new Set([
  'activation',
  'elementwise',
  'reduction',
  'shape',
  'making tensors',
  'indexing',
]);
const functions = [
  'f32',
  ...builtins.flatMap(({ name, kind }) => (kind && called.has(kind) ? [name] : [])),
  ...constants.map(({ name }) => name),
];

/** Each word once. */
export class Words {
  private readonly taken: Set<string>;

  constructor(others: readonly string[] = []) {
    this.taken = new Set([...functions, ...others]);
  }

  /** A word that the model itself uses, or the same with a number where an expression needs it. */
  given(wanted: string): string {
    return this.first(wanted, () => false);
  }

  /** A word for a value of ours, which begins a statement. */
  free(wanted: string): string {
    return this.first(wanted, (word) => meant.includes(word));
  }

  private first(wanted: string, isMeant: (word: string) => boolean): string {
    const first = wanted.replace(notLetter, '_').replace(/^(?=[\p{N}\p{M}])/u, '_');
    let word = first;
    for (let n = 2; this.taken.has(word) || isMeant(word); n++) word = `${first}_${n}`;
    this.taken.add(word);
    return word;
  }
}
