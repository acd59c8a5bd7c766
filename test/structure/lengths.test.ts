// Files and functions are of a length that is read at once, but for those that a reason keeps together.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ts } from 'ts-morph';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../src');
const [longestFile, longestFunction] = [400, 60];

const longFiles: Readonly<Record<string, string>> = {
  'parser/grammar.ts': 'chevrotain takes a grammar as one class with a method for each rule',
};

const longFunctions: Readonly<Record<string, string>> = {
  'codegen/runtime/fit.ts fitBatches':
    'a generator: what it yields stands between the steps, in the order in which they happen',
};

interface Length {
  readonly name: string;
  readonly lines: number;
}

/** Everything written by hand: what scripts/embed.mjs writes holds texts as single lines. */
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^embedded(Pages)?\.ts$/.test(file))
  .map((file) => ({ file: relative(root, join(root, file)), text: readFileSync(join(root, file), 'utf8') }));

function functionsIn(file: string, text: string): Length[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Length[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const [from, to] = [node.getStart(source), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line);
      found.push({ name: `${file} ${nameOf(node)}`, lines: to - from + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Its own name, or that of what it is the value of. */
function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return named?.getText() ?? 'a function without a name';
}

const tooLong = (all: readonly Length[], most: number): string[] =>
  all.filter(({ lines }) => lines > most).map(({ name }) => name);

describe('source files', () => {
  const lengths = files.map(({ file, text }) => ({ name: file, lines: text.split('\n').length - 1 }));

  it(`have at most ${longestFile} lines, but for those with a reason`, () => {
    expect(tooLong(lengths, longestFile).sort()).toEqual(Object.keys(longFiles).sort());
  });
});

describe('functions', () => {
  const functions = files
    .filter(({ text }) => text.split('\n').length > longestFunction)
    .flatMap(({ file, text }) => functionsIn(file, text));

  it('are found with their names and lengths', () => {
    const text = 'const f = (x: number): number => {\n  return x;\n};\nclass C {\n  m() {\n\n\n  }\n}\n';
    expect(functionsIn('a.ts', text)).toEqual([
      { name: 'a.ts f', lines: 3 },
      { name: 'a.ts m', lines: 4 },
    ]);
  });

  it(`have at most ${longestFunction} lines, but for those with a reason`, () => {
    expect(tooLong(functions, longestFunction).sort()).toEqual(Object.keys(longFunctions).sort());
  });
});
