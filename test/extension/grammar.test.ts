// The TextMate grammar beside the lexer and the parser: on every example and all of the library they see the same words, texts and comments.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { aName, firstLetters, nameLetters } from '../../src/diagnostics/name.js';
import { lineStarts } from '../../src/diagnostics/position.js';
import { lex } from '../../src/parser/lex.js';
import { parse } from '../../src/parser/parse.js';
import { statementsOf } from '../../src/parser/walk.js';

const root = join(import.meta.dirname, '../..');
const files = ['examples', 'src/std', 'test/reference/cases'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nn'))
    .map((name) => join(folder, name)),
);

let grammar: IGrammar;

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(new Uint8Array(readFileSync(wasm)).buffer);
  const path = join(root, 'editors/vscode/syntaxes/nn.tmLanguage.json');
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () => Promise.resolve(textmate.parseRawGrammar(readFileSync(path, 'utf8'), path)),
  });
  const loaded = await registry.loadGrammar('source.nn');
  if (!loaded) throw new Error('no grammar');
  grammar = loaded;
});

/** The innermost scope at each offset. */
function scopesOf(text: string): (offset: number) => string {
  const starts = lineStarts(text);
  const all: string[] = [];
  let stack = textmate.INITIAL;
  starts.forEach((start, i) => {
    const line = text.slice(start, starts.at(i + 1)).replace(/[\r\n]+$/, '');
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    for (const { startIndex, endIndex, scopes } of tokens)
      for (let at = startIndex; at < endIndex; at++) all[start + at] = scopes.at(-1) ?? '';
    stack = ruleStack;
  });
  return (offset) => all[offset] ?? '';
}

const words = new Set(['if', 'then', 'else', 'and', 'or', 'not']);

it.each(files)('%s', (name) => {
  const text = readFileSync(join(root, name), 'utf8');
  const source = { file: name, text };
  const at = scopesOf(text);
  const { tokens, comments } = lex(source);
  for (const { startOffset, image } of comments)
    expect(at(startOffset + 2), image).toBe(
      `comment.line.${image.startsWith('///') ? 'documentation' : 'double-slash'}.nn`,
    );
  for (const { startOffset: start, image, tokenType } of tokens) {
    const scope = at(start);
    if (tokenType.name === 'NumberLiteral') expect(scope, image).toBe('constant.numeric.nn');
    else if (tokenType.name === 'StringLiteral') expect(scope, image).toBe('string.quoted.double.nn');
    else if (words.has(image)) expect(scope, image).toMatch(/^keyword/);
    else expect(scope, image).not.toMatch(/^(string|comment|constant\.numeric)/);
  }
  // What begins declarations and statements is a word; a name that is spelt like one is not.
  const begins = new Set<number>();
  for (const declaration of parse(source).file.declarations) {
    if (declaration.kind !== 'constant') begins.add(declaration.span.start);
    for (const { kind, span } of statementsOf(declaration))
      if (
        kind !== 'binding' &&
        kind !== 'replace' &&
        text[span.start] !== undefined &&
        /^[a-z]+\b/.test(text.slice(span.start))
      )
        begins.add(span.start);
  }
  for (const start of begins) {
    const word = /^[a-z]+/.exec(text.slice(start))?.[0] ?? '';
    // A body after = has no word.
    if (
      [
        'fn',
        'layer',
        'model',
        'optimizer',
        'gradient',
        'import',
        'input',
        'param',
        'state',
        'slot',
        'loss',
        'metric',
        'output',
        'train',
        'return',
      ].includes(word)
    )
      expect(at(start), text.slice(start, start + 30)).toMatch(/^(keyword|storage)/);
  }
});

it('takes for a word what the language takes for a name', () => {
  const [grammarText, configuration] = ['syntaxes/nn.tmLanguage.json', 'language-configuration.json'].map((path) =>
    readFileSync(join(root, 'editors/vscode', path), 'utf8'),
  );
  const { wordPattern } = JSON.parse(configuration) as { wordPattern: { pattern: string; flags: string } };
  expect(wordPattern).toEqual({ pattern: aName, flags: 'u' });
  // Of letters the grammar says nothing else: what begins a name, and what goes on with it.
  const classes = grammarText.match(/\[[^[\]]*p\{L\}[^[\]]*\]/g) ?? [];
  const ours = [`[${firstLetters}]`, `[${nameLetters}]`];
  expect(new Set(classes.map((each) => JSON.parse(`"${each}"`) as string))).toEqual(new Set(ours));
});

it.each(['x₁', 'e\u0301t', 'δ_W', '𝛼𝛽'])('%s is one word, where it is defined and called', (name) => {
  const text = `fn ${name}(x) = ${name}(x) |> ${name}`;
  const at = scopesOf(text);
  for (const { index } of text.matchAll(new RegExp(name, 'g')))
    for (let i = 0; i < name.length; i++) expect(at(index + i), name).toBe('entity.name.function.nn');
});
