// Random edits of texts in an editor: typed letters, lines taken out, put elsewhere and doubled, and questions in between.
import { expect } from 'vitest';
import { Lines } from '../../src/server/pages.js';
import { openEditor, opening, type Editor } from './editor.js';

/** The same numbers for the same seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const pieces = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  '=',
  ':=',
  '|>',
  '"',
  '//',
  '\n',
  ' ',
  '.',
  '0',
  '1e',
  '@',
  'x',
  'σ',
  '😀',
  '\r\n',
  '\t',
];
const words = [
  'dense(3)',
  'loss = ',
  'input q: [batch, 2]',
  'train {',
  'if training then',
  'scan a in b along 1 {',
  'relu',
  '-> [',
  'return',
  'import { a } from "b.nn"',
];

const atPlaces = [
  'onHover',
  'onCompletion',
  'onDefinition',
  'onDocumentHighlight',
  'onPrepareRename',
  'onSignatureHelp',
];
const ofTexts = [
  'onDocumentSymbol',
  'onFoldingRanges',
  'onCodeLens',
  'languages.semanticTokens.on',
  'languages.diagnostics.on',
];

export interface Edited {
  readonly editor: Editor;
  /** What the editor should hold. */
  readonly text: string;
}

/** Makes so many edits of a text, and asks something after each. Every so many edits a fresh editor must answer the same. */
export async function edited(text: string, seed: number, count: number, compared: number): Promise<Edited> {
  const random = randomFrom(seed);
  const editor = await openEditor();
  const uri = 'file:///models/a.nn';
  await editor.ask('onDidOpenTextDocument', opening(uri, text));
  const original = text;
  let now = text;
  for (let version = 2; version < count + 2; version++) {
    // What is nothing but errors is begun anew.
    if (random(40) === 0) {
      now = original;
      await editor.ask('onDidChangeTextDocument', { textDocument: { uri, version }, contentChanges: [{ text: now }] });
    } else {
      const { start, end, by } = editOf(now, random);
      const lines = new Lines(now);
      const range = lines.range({ start, end });
      now = now.slice(0, lines.offsetAt(range.start)) + by + now.slice(lines.offsetAt(range.end));
      await editor.ask('onDidChangeTextDocument', {
        textDocument: { uri, version },
        contentChanges: [{ range, text: by }],
      });
    }
    await question(editor, uri, now, random);
    if (version % compared === 0) await compare(editor, uri, now);
  }
  return { editor, text: now };
}

function editOf(text: string, random: (below: number) => number): { start: number; end: number; by: string } {
  const start = random(text.length + 1);
  switch (random(6)) {
    case 0:
      return { start, end: start, by: pieces[random(pieces.length)] };
    case 1:
      return { start, end: start, by: words[random(words.length)] };
    case 2:
      return { start, end: Math.min(text.length, start + 1 + random(3)), by: '' };
    case 3: {
      // A line is taken out.
      const from = text.lastIndexOf('\n', start - 1) + 1;
      const to = text.indexOf('\n', start);
      return { start: from, end: to < 0 ? text.length : to + 1, by: '' };
    }
    case 4: {
      const other = random(text.length + 1);
      return { start, end: start, by: text.slice(other, other + random(30)) };
    }
    default:
      return { start, end: start, by: 'abcdefghij'[random(10)] };
  }
}

async function question(editor: Editor, uri: string, text: string, random: (below: number) => number): Promise<void> {
  const lines = new Lines(text);
  const textDocument = { uri };
  const position = lines.positionAt(random(text.length + 1));
  const range = { start: position, end: lines.positionAt(random(text.length + 1)) };
  const kind = random(8);
  if (kind < 4) await editor.ask(atPlaces[random(atPlaces.length)], { textDocument, position });
  else if (kind < 6) await editor.ask(ofTexts[random(ofTexts.length)], { textDocument });
  else if (kind === 6) await editor.ask('onCodeAction', { textDocument, range, context: {} });
  else await editor.ask('languages.inlayHint.on', { textDocument, range });
}

/** Nothing that is told is of a text before. */
async function compare(editor: Editor, uri: string, text: string): Promise<void> {
  const fresh = await openEditor();
  await fresh.ask('onDidOpenTextDocument', opening(uri, text));
  for (const name of ['languages.diagnostics.on', 'onDocumentSymbol', 'languages.semanticTokens.on'])
    expect(await editor.ask(name, { textDocument: { uri } })).toEqual(await fresh.ask(name, { textDocument: { uri } }));
}
