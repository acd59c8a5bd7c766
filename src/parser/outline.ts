// The definitions of a file by their names, each parsed when it is asked for: of a library, few are.
import { aName } from '../diagnostics/name.js';
import type { Source } from '../diagnostics/diagnostic.js';
import { parse } from './parse.js';
import type { Declaration, Identifier } from './tree.js';

/** What a library may declare. */
export type Defined = Extract<Declaration, { kind: 'fn' | 'layer' | 'optimizer' }>;

export interface Outlined {
  readonly name: Identifier;
  /** What is declared, as `parse` gives it for the whole file. */
  read(): Defined;
}

/** A file of the library. */
export interface Outline extends Source {
  readonly definitions: readonly Outlined[];
}

/** The outline of a file of fns, layers and optimizers, free of faults, in which each begins on a line that is not indented. */
export function outline({ file, text }: Source): Outline {
  const heads = [...text.matchAll(head)];
  const definitions = heads.map(({ 0: { length }, 1: name, index }, i): Outlined => {
    const end = index + length;
    let known: Defined | undefined;
    return {
      name: { name, span: { file, start: end - name.length, end } },
      read: () => (known ??= definitionIn({ file, text }, index, heads.at(i + 1)?.index)),
    };
  });
  return { file, text, definitions };
}

/** The definition between two offsets. */
function definitionIn({ file, text }: Source, start: number, end = text.length): Defined {
  // Blanks in place of what comes before keep its spans where they are.
  const { file: found, diagnostics } = parse({ file, text: ' '.repeat(start) + text.slice(start, end) });
  const [declaration, ...others] = found.declarations;
  if (diagnostics.length > 0 || others.length > 0 || !isDefined(declaration))
    throw new Error(`${file} has no definition of its own at ${start}`);
  return declaration;
}

function isDefined(declaration: Declaration | undefined): declaration is Defined {
  return declaration !== undefined && ['fn', 'layer', 'optimizer'].includes(declaration.kind);
}

/** From its doc comment to its name. */
const head = new RegExp(`^(?:///.*\\r?\\n)*(?:fn|layer|optimizer) +(${aName})`, 'gmu');
