// Every request to the language server, on a source with marks: `^` points at what stands above it. UPDATE=1 writes the answers again.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEditor, opening, type Editor } from '../support/editor.js';
import { marked, type Marks } from '../support/marks.js';

const folder = join(import.meta.dirname, 'requests');
const uri = 'file:///models/a.nn';

/** What is in the folder beside the source. */
const files = {
  '/models/blocks.nn': '/// Twice as much.\nfn double(x) = 2 * x\nfn unusual(x) = x\n',
  '/models/other.nn': 'import { double } from "blocks.nn"\nfn four(x) = double(double(x))\n',
};

type Asked = (editor: Editor, marks: Marks) => Promise<unknown>;

const textDocument = { uri };

function atEach(name: string, more: object = {}): Asked {
  return async (editor, { places, text }) => {
    const answers: string[] = [];
    for (const position of places) {
      const line = text.split('\n')[position.line];
      const answer = await editor
        .ask(name, { textDocument, position, ...more })
        .catch((error: unknown) => `refused: ${error instanceof Error ? error.message : ''}`);
      answers.push(
        `${position.line + 1}:${position.character + 1} ${line.slice(position.character).slice(0, 12)}\n${shown(answer)}`,
      );
    }
    return answers.join('\n\n');
  };
}

function ofAll(name: string, more: object = {}): Asked {
  return async (editor) => shown(await editor.ask(name, { textDocument, ...more }));
}

/** Between the first two marks. */
function ofStretch(name: string, more: object = {}): Asked {
  return async (editor, { places: [start, end], text }) => {
    const last = { line: text.split('\n').length, character: 0 };
    const range = { start: start ?? { line: 0, character: 0 }, end: end ?? start ?? last };
    return shown(await editor.ask(name, { textDocument, range, ...more }));
  };
}

const requests: Readonly<Record<string, Asked>> = {
  hover: atEach('onHover'),
  completion: async (editor, marks) => {
    const all: string[] = [];
    for (const position of marks.places) {
      const items = (await editor.ask('onCompletion', { textDocument, position })) as Item[];
      items.sort((a, b) => (a.sortText ?? a.label).localeCompare(b.sortText ?? b.label, 'en'));
      const first = items.slice(0, 12).map(({ label }) => label);
      const resolved = items.length > 0 ? ((await editor.ask('onCompletionResolve', items[0])) as Item) : undefined;
      all.push(
        `${position.line + 1}:${position.character + 1} of ${items.length > 40 ? 'many' : items.length}: ${first.join(', ')}`,
      );
      if (resolved?.detail !== undefined) all.push(`  ${resolved.label}: ${resolved.detail}`);
    }
    return all.join('\n');
  },
  definition: atEach('onDefinition'),
  references: atEach('onReferences', { context: { includeDeclaration: true } }),
  highlight: atEach('onDocumentHighlight'),
  prepareRename: atEach('onPrepareRename'),
  rename: atEach('onRenameRequest', { newName: 'another' }),
  renameTaken: atEach('onRenameRequest', { newName: 'taken' }),
  renameLibrary: atEach('onRenameRequest', { newName: 'dense' }),
  renameWrong: atEach('onRenameRequest', { newName: 'no name' }),
  signature: atEach('onSignatureHelp'),
  documentSymbols: ofAll('onDocumentSymbol'),
  workspaceSymbols: ofAll('onWorkspaceSymbol', { query: 'du' }),
  formatting: ofAll('onDocumentFormatting', { options: { tabSize: 2, insertSpaces: true } }),
  folding: ofAll('onFoldingRanges'),
  codeLens: ofAll('onCodeLens'),
  codeAction: ofStretch('onCodeAction', { context: { diagnostics: [] } }),
  inlayHints: ofStretch('languages.inlayHint.on'),
  semanticTokens: async (editor, { text }) => {
    const { data } = (await editor.ask('languages.semanticTokens.on', { textDocument })) as { data: number[] };
    return tokensOf(data, text);
  },
  diagnostics: ofAll('languages.diagnostics.on'),
};

interface Item {
  readonly label: string;
  readonly sortText?: string;
  readonly detail?: string;
}

const types = ['function', 'class', 'parameter', 'variable', 'property', 'typeParameter', 'namespace'];

function tokensOf(data: readonly number[], text: string): string {
  const lines = text.split('\n');
  const told: string[] = [];
  for (let i = 0, line = 0, character = 0; i < data.length; i += 5) {
    character = data[i] === 0 ? character + data[i + 1] : data[i + 1];
    line += data[i];
    told.push(
      `${line + 1}:${character + 1} ${lines[line].slice(character, character + data[i + 2])} ${types[data[i + 3]]} ${data[i + 4]}`,
    );
  }
  return told.join('\n');
}

/** As JSON, ranges as `line:column-line:column`. */
function shown(value: unknown): string {
  const short = (_: string, of: unknown): unknown => {
    if (typeof of !== 'object' || of === null) return of;
    if ('line' in of && 'character' in of) return `${Number(of.line) + 1}:${Number(of.character) + 1}`;
    if ('start' in of && 'end' in of) {
      const [start, end] = [short('', of.start), short('', of.end)];
      return typeof start === 'string' ? `${start}-${String(end)}` : of;
    }
    return of;
  };
  if (Array.isArray(value)) return value.map((one) => JSON.stringify(one, short)).join('\n') || 'nothing';
  return JSON.stringify(value, short) ?? 'nothing';
}

it.each(readdirSync(folder).sort())('%s', async (name) => {
  const path = join(folder, name);
  const [source] = readFileSync(path, 'utf8').split('\n---\n');
  const marks = marked(source);
  const editor = await openEditor(files);
  await editor.ask('onDidOpenTextDocument', opening(uri, marks.text));
  const request = requests[name.replace(/(-\w+)?\.txt$/, '')];
  expect(request, name).toBeDefined();
  const now = `${source}\n---\n${String(await request(editor, marks))}\n`;
  if (process.env['UPDATE'] === '1') writeFileSync(path, now);
  expect(now).toBe(readFileSync(path, 'utf8'));
});

it('has a source for every request', () => {
  const names = readdirSync(folder).map((name) => name.replace(/(-\w+)?\.txt$/, ''));
  expect([...new Set(names)].sort()).toEqual(Object.keys(requests).sort());
});
