// The text of a module: ts-morph prints its declarations, Prettier formats them. Both are loaded when first used.
import type * as typescript from 'ts-morph';
import type { Definition, Writer } from './definition.js';
import type * as morph from './morph.js';
import type * as Prettier from './prettier.js';
import { Memo } from './memo.js';
import { declarationsIn, withoutPlain } from './plain.js';
import { docText } from './quote.js';

/**
 * The first line of a module in TypeScript. Its text is strict, but projects may ask for more (that every element of an array be taken
 * for undefined, say); the types that it exports hold in all of them.
 */
export const unchecked = '// @ts-nocheck\n';

/** For readers. */
export const readable: Writer = { print: printDefinitions, format, packs: true };

/** A few large models' modules, or many small ones'. */
const [prints, formats] = [new Memo(4e6), new Memo(8e6)];

async function printDefinitions(definitions: readonly Definition[]): Promise<string> {
  const { Project, StructureKind } = await loadMorph();
  // ts-morph parses what it has printed. Text that comes as text is put in afterwards, so that only Prettier reads it.
  const texts: string[] = [];
  const later = (text: string): string => `'text ${texts.push(text) - 1}';`;
  const statements = definitions.map((d): typescript.StatementStructures | string => {
    switch (d.kind) {
      case 'function':
        return {
          kind: StructureKind.Function,
          name: d.name,
          isExported: d.exported ?? false,
          isAsync: d.async ?? false,
          ...(d.comment && { leadingTrivia: `${later(d.comment)}\n` }),
          ...(d.doc && { docs: [docText(d.doc)] }),
          parameters: d.parameters.map((p) =>
            p.default === undefined
              ? { name: p.name, type: p.type }
              : { name: p.name, type: p.type, initializer: p.default },
          ),
          returnType: d.returns,
          statements: [later(d.body)],
        };
      case 'interface':
        return {
          kind: StructureKind.Interface,
          name: d.name,
          isExported: d.exported ?? false,
          ...(d.doc && { docs: [docText(d.doc)] }),
          properties: d.properties.map((p) => ({
            name: p.name,
            type: p.type,
            ...(p.optional && { hasQuestionToken: true }),
            ...(p.doc && { docs: [docText(p.doc)] }),
          })),
        };
      case 'text':
        return `${later(d.text)}\n`;
      default:
        return d satisfies never;
    }
  });
  const printed = await prints.of(JSON.stringify(statements), () => {
    const project = new Project({ useInMemoryFileSystem: true, skipLoadingLibFiles: true });
    return project.createSourceFile('module.ts', { statements }).getFullText();
  });
  // On lines of their own: in comments, such words are somebody's.
  return printed.replace(/^( *)'text (\d+)';$/gm, (_, indent: string, at: string) => indent + texts[Number(at)]);
}

/** Formats TypeScript or JavaScript as Prettier does by default: each declaration by itself, so that none is formatted twice. */
export async function format(code: string): Promise<string> {
  // For every comment Prettier reads on to the next code, so of a long list it would read each line as often as there are lines before
  // it. Such lists and binaries stay out of it; what stands for them is wider than any line.
  const kept: string[] = [];
  let wide = '_'.repeat(200);
  while (code.includes(wide)) wide += '_';
  const short = withoutLong(code, (text) => {
    const standIn = `${wide}${kept.push(text) - 1}_`;
    return text.startsWith('//') ? `//${standIn}` : standIn;
  });
  const formatted: string[] = [];
  for (const declaration of declarationsIn(short)) {
    const made = await formats.ofLayout(declaration, (text) => formatOne(text, `${wide}plain`));
    formatted.push(made.trim());
  }
  const whole = formatted
    .join('\n\n')
    .replace(new RegExp(`(?://)?${wide}(\\d+)_`, 'g'), (_, at: string) => kept[Number(at)]);
  return whole === '' ? '' : `${whole}\n`;
}

/** Code with something else for its lists of comments, of eight lines or more, and for its binaries. */
function withoutLong(code: string, standInFor: (text: string) => string): string {
  const made: string[] = [];
  const lines = code.split('\n');
  for (let at = 0; at < lines.length;) {
    let end = at;
    while (end < lines.length && lines[end].startsWith('//')) end++;
    if (end - at >= 8) made.push(standInFor(lines.slice(at, end).join('\n')));
    // In pieces: what a pattern matches of one that is millions of characters long exhausts the engine's stack.
    else
      for (const line of lines.slice(at, ++end))
        made.push(line.length < 1000 ? line : line.replace(/[\w+/]{1000,100000}=*/g, standInFor));
    at = end;
  }
  return made.join('\n');
}

/** `standIn`: a name that the code does not have. */
async function formatOne(code: string, standIn: string): Promise<string> {
  const prettier = await loadPrettier();
  const plugins = [prettier.babel, prettier.estree];
  // Babel's parser is the faster one, and what Prettier prints does not depend on it. Without a name of a file Prettier searches
  // the text for signs of JSX, which takes longer than parsing it.
  const formatWhole = (text: string): Promise<string> =>
    prettier.format(text, { parser: 'babel-ts', plugins, filepath: 'module.ts' });
  const { code: reduced, restore } = withoutPlain(code, standIn);
  return restore(await formatWhole(reduced)) ?? formatWhole(code);
}

/** ts-morph, which carries the TypeScript compiler. */
export function loadMorph(): Promise<typeof morph> {
  return import('./morph.js');
}

function loadPrettier(): Promise<typeof Prettier> {
  return import('./prettier.js');
}
