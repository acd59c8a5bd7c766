// The server under random edits of real files, and what it does between files and times.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TextEdit } from 'vscode-languageserver';
import { analyze } from '../../src/analysis/analyze.js';
import { reachable } from '../../src/ir/reachable.js';
import { printType } from '../../src/ir/types.js';
import { Lines } from '../../src/server/pages.js';
import { settings } from '../../src/server/settings.js';
import { edited } from '../support/edits.js';
import { openEditor, opening } from '../support/editor.js';
import { marked } from '../support/marks.js';

const root = join(import.meta.dirname, '../..');

it.each([
  ['examples/mnist/mnist.nn', 1],
  ['examples/textbook/textbook.nn', 2],
  ['src/std/recurrent.nn', 3],
  ['examples/iris/iris.nn', 4],
])(
  '%s: 50 random edits break nothing, and what is told is of the text as it is',
  { timeout: 60_000 },
  async (name, seed) => {
    await edited(readFileSync(join(root, name), 'utf8'), seed, 50, 10);
  },
);

describe('the server', () => {
  const uri = 'file:///models/a.nn';
  const blocks = 'file:///models/blocks.nn';
  const text = 'import { f } from "blocks.nn"\nmodel m {\n  input x: [batch, 2]\n  loss = mean(f(x |> dense(1)))\n}\n';
  const codes = async (editor: Awaited<ReturnType<typeof openEditor>>): Promise<string[]> => {
    const { items } = (await editor.ask('languages.diagnostics.on', { textDocument: { uri } })) as {
      items: { code: string }[];
    };
    return items.map(({ code }) => code);
  };

  it('sees what an imported file says in its editor, before it is saved, and what it says once that is closed', async () => {
    const editor = await openEditor({ '/models/blocks.nn': 'fn f(x) = x\n' });
    await editor.ask('onDidOpenTextDocument', opening(uri, text));
    expect(await codes(editor)).toEqual([]);
    await editor.ask('onDidOpenTextDocument', opening(blocks, 'fn g(x) = x\n'));
    expect(await codes(editor)).toEqual(['not-exported']);
    await editor.ask('onDidChangeTextDocument', {
      textDocument: { uri: blocks, version: 2 },
      contentChanges: [{ text: 'fn f(x) = x +\n' }],
    });
    expect(await codes(editor)).toEqual(['unexpected-token']);
    await editor.ask('onDidCloseTextDocument', { textDocument: { uri: blocks } });
    expect(await codes(editor)).toEqual([]);
  });

  it('sees that a file has changed on disk', async () => {
    const files = { '/models/blocks.nn': 'fn f(x) = x\n' };
    const editor = await openEditor(files);
    await editor.ask('onDidOpenTextDocument', opening(uri, text));
    expect(await codes(editor)).toEqual([]);
    files['/models/blocks.nn'] = 'fn g(x) = x\n';
    await editor.ask('onDidChangeWatchedFiles', { changes: [{ uri: blocks, type: 2 }] });
    expect(await codes(editor)).toEqual(['not-exported']);
    // An editor that asks would not do it by itself.
    const asked = ['languages.diagnostics.refresh', 'languages.inlayHint.refresh', 'languages.semanticTokens.refresh'];
    expect([...editor.again].sort()).toEqual(asked);
  });

  it('knows the settings of train, and what each is for', () => {
    for (const isPlayer of [false, true])
      for (const { name, doc } of settings(isPlayer)) expect(doc, name).not.toBe('');
    expect(settings(false).map(({ name }) => name)).toContain('precision');
    expect(settings(true).map(({ name }) => name)).not.toContain('epochs');
  });

  it('opens a text whose name nobody has escaped', async () => {
    const editor = await openEditor();
    await editor.ask('onDidOpenTextDocument', opening('file:///models/100%.nn', 'model m {'));
    const asked = { textDocument: { uri: 'file:///models/100%.nn' } };
    expect(await editor.ask('languages.diagnostics.on', asked)).toMatchObject({
      items: [{ code: 'unclosed-bracket' }],
    });
  });

  it.each(['extract', 'steps', 'comments'])('extracts a layer that is what it was: %s', async (name) => {
    const source = readFileSync(join(import.meta.dirname, `requests/codeAction-${name}.txt`), 'utf8');
    const { text: before, places } = marked(source.split('\n---\n')[0]);
    const editor = await openEditor();
    await editor.ask('onDidOpenTextDocument', opening(uri, before));
    const asked = {
      textDocument: { uri },
      range: { start: places[0], end: places[1] },
      context: { only: ['refactor'] },
    };
    const [{ edit }] = (await editor.ask('onCodeAction', asked)) as { edit: { changes: Record<string, TextEdit[]> } }[];
    const lines = new Lines(before);
    const after = [...edit.changes[uri]]
      .reverse()
      .map(({ range: { start, end }, newText }) => ({
        start: lines.offsetAt(start),
        end: lines.offsetAt(end),
        newText,
      }))
      .reduce((now, { start, end, newText }) => now.slice(0, start) + newText + now.slice(end), before);
    expect(analyze({ file: 'a.nn', text: after }).diagnostics).toEqual([]);
    expect(operations(after)).toEqual(operations(before));
  });

  it('tells an editor that does not ask, once it is quiet, and takes back what it told of a closed text', async () => {
    const editor = await openEditor({}, false);
    await editor.ask('onDidOpenTextDocument', opening(uri, 'model m {'));
    await editor.ask('onDidChangeTextDocument', {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: 'model m' }],
    });
    expect(editor.pushed.size).toBe(0);
    editor.wait();
    expect(editor.pushed.get(uri)).toMatchObject([{ code: 'unexpected-token' }]);
    await editor.ask('onDidCloseTextDocument', { textDocument: { uri } });
    expect(editor.pushed.get(uri)).toEqual([]);
  });

  it('leaves off what nobody waits for', async () => {
    const editor = await openEditor();
    const small = 'model m {\n  input x: [batch, 2]\n  param W: [2, 1] = 0\n  loss = mean(x @ W)\n}\n';
    await editor.ask('onDidOpenTextDocument', opening(uri, small));
    const asked = { textDocument: { uri }, position: { line: 2, character: 8 } };
    const formula = (answer: unknown): boolean => JSON.stringify(answer).includes('d_W =');
    expect(formula(await editor.ask('onHover', asked))).toBe(true);
    expect(formula(await editor.ask('onHover', asked, { isCancellationRequested: true }))).toBe(false);
    const waiting = editor.ask('onHover', asked);
    await editor.ask('onDidChangeTextDocument', {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: `${small}\n` }],
    });
    expect(formula(await waiting)).toBe(false);
  });

  it('shows no formula of a model that takes longer to derive than anyone looks at a tooltip', async () => {
    const editor = await openEditor();
    const deep = (layers: number): string =>
      `model m {\n  input x: [batch, 2]\n  param W: [2, 2] = 0\n  h = x${' @ W |> tanh'.repeat(layers)}\n  loss = mean(h)\n}\n`;
    const asked = { textDocument: { uri }, position: { line: 2, character: 8 } };
    await editor.ask('onDidOpenTextDocument', opening(uri, deep(1)));
    expect(JSON.stringify(await editor.ask('onHover', asked))).toContain('d_W =');
    await editor.ask('onDidChangeTextDocument', {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: deep(1001) }],
    });
    const answer = JSON.stringify(await editor.ask('onHover', asked));
    expect(answer).toContain('param W: [2, 2]');
    expect(answer).not.toContain('d_W');
  });

  it('answers nothing of a text that is not open', async () => {
    const editor = await openEditor();
    const asked = { textDocument: { uri: 'file:///models/none.nn' }, position: { line: 0, character: 0 } };
    expect(await editor.ask('onHover', asked)).toBeNull();
    expect(await editor.ask('onCompletion', asked)).toEqual([]);
    expect(await editor.ask('onDocumentSymbol', asked)).toEqual([]);
  });
});

/** What a model's loss is made of, operation by operation. */
function operations(text: string): readonly string[] {
  const [{ graph }] = analyze({ file: 'a.nn', text }).models;
  const loss = graph?.training.loss;
  return loss ? reachable([loss]).map(({ op, type }) => `${op.name} ${printType(type)}`) : [];
}
