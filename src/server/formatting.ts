// Formatting as edits: only white space moves, so that an editor keeps its cursor and its marks where they were.
import type { TextEdit } from 'vscode-languageserver';
import { format } from '../format/format.js';
import { wholeEdit } from './actions.js';
import type { Page } from './pages.js';

/** What makes a text as `nnc fmt` would write it; nothing where its syntax is at fault. */
export function formatting(page: Page): TextEdit[] {
  const { text } = format({ file: page.file, text: page.text });
  if (text === undefined || text === page.text) return [];
  return spaceEdits(page, text) ?? [wholeEdit(page, text)];
}

/** The stretches of white space that differ; undefined where anything else does. */
function spaceEdits({ text: before, lines }: Page, after: string): TextEdit[] | undefined {
  const edits: TextEdit[] = [];
  const space = /\s*/y;
  const spaceAt = (text: string, at: number): string => {
    space.lastIndex = at;
    return space.exec(text)?.[0] ?? '';
  };
  for (let i = 0, j = 0; ; i++, j++) {
    const [old, made] = [spaceAt(before, i), spaceAt(after, j)];
    if (old !== made) edits.push({ range: lines.range({ start: i, end: i + old.length }), newText: made });
    i += old.length;
    j += made.length;
    if (before[i] !== after[j]) return undefined;
    if (i >= before.length) return edits;
  }
}
