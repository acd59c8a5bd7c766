// The lines of one file that a diagnostic speaks of, with a row of marks and texts under each.
import type { Label } from './diagnostic.js';
import { lineAt, widthOf } from './position.js';
import { visible } from './quote.js';

export interface Mark extends Label {
  /** Where the fault is. */
  readonly first: boolean;
}

export interface Row {
  readonly number?: number;
  readonly text: string;
  /** Lines are left out here. */
  readonly skip?: boolean;
}

interface Placed {
  readonly mark: Mark;
  readonly line: number;
  /** In columns of the terminal, from 0. */
  readonly start: number;
  readonly width: number;
}

type Paint = (mark: Mark, text: string) => string;

const tabWidth = 4;
/** A longer line is shown in part. */
const widestLine = 110;
const contextBefore = 30;

/** The rows to print, and the position (from 1) of the first mark. */
export function excerpt(
  marks: readonly Mark[],
  source: { readonly text: string; readonly starts: readonly number[] },
  paint: Paint,
): { line: number; column: number; rows: readonly Row[] } {
  const { text, starts } = source;
  const byLine = new Map<number, Mark[]>();
  for (const mark of marks) {
    const line = lineAt(starts, Math.min(mark.span.start, text.length));
    const there = byLine.get(line);
    if (there === undefined) byLine.set(line, [mark]);
    else there.push(mark);
  }
  const rows: Row[] = [];
  let before: number | undefined;
  for (const [line, there] of [...byLine].sort(([a], [b]) => a - b)) {
    if (before !== undefined && line > before + 1) {
      rows.push(
        line === before + 2 ? { number: before + 2, text: plain(text, starts, before + 1) } : { skip: true, text: '' },
      );
    }
    before = line;
    const shown = show(text, starts, line, there);
    rows.push({ number: line + 1, text: shown.text.trimEnd() });
    for (const row of markRows(shown.placed, paint)) rows.push({ text: row });
  }
  const first = Math.min(marks[0].span.start, text.length);
  const line = lineAt(starts, first);
  return {
    line: line + 1,
    column: [...text.slice(starts[line], Math.min(first, starts[line] + 100_000))].length + 1,
    rows,
  };
}

function lineEnd(text: string, starts: readonly number[], line: number): number {
  let end = line + 1 < starts.length ? starts[line + 1] : text.length;
  while (end > starts[line] && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
  return end;
}

function plain(text: string, starts: readonly number[], line: number): string {
  return show(text, starts, line, []).text.trimEnd();
}

/** One line as the terminal will have it, and where its marks come to stand. */
function show(
  text: string,
  starts: readonly number[],
  line: number,
  marks: readonly Mark[],
): { text: string; placed: Placed[] } {
  const begin = starts[line];
  const end = lineEnd(text, starts, line);
  const from = windowStart(text, begin, end, marks);
  const to = Math.min(end, from + widestLine);
  let shown = from > begin ? '…' : '';
  let column = shown.length;
  const columns = new Map<number, number>();
  let offset = from;
  while (offset < to) {
    const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
    for (let unit = 0; unit < character.length; unit++) columns.set(offset + unit, column);
    // Tabs as spaces; control characters as the pictures of them.
    const form = character === '\t' ? ' '.repeat(tabWidth - (column % tabWidth)) : visible(character);
    shown += form;
    column += [...form].reduce((width, each) => width + widthOf(each), 0);
    offset += character.length;
  }
  const columnOf = (at: number): number => (at >= offset ? column : at < from ? 0 : (columns.get(at) ?? column));
  if (to < end) shown += '…';
  const placed = marks.map((mark): Placed => {
    const start = columnOf(mark.span.start);
    return { mark, line, start, width: Math.max(1, columnOf(Math.min(mark.span.end, end)) - start) };
  });
  return { text: shown, placed };
}

function windowStart(text: string, begin: number, end: number, marks: readonly Mark[]): number {
  if (end - begin <= widestLine || marks.length === 0) return begin;
  const first = Math.min(end, ...marks.map((mark) => mark.span.start));
  const last = Math.max(...marks.map((mark) => Math.min(mark.span.end, end)));
  if (last - begin <= widestLine) return begin;
  // The place of the fault matters most where not all marks fit.
  const anchor =
    last - first <= widestLine - contextBefore ? first : (marks.find((mark) => mark.first) ?? marks[0]).span.start;
  const from = Math.max(begin, anchor - contextBefore);
  const splitsPair = from > begin && /[\uDC00-\uDFFF]/.test(text[from]);
  return splitsPair ? from - 1 : from;
}

/** The underlines with the last text beside them, then the other texts, from the right, hung on their marks. */
function markRows(placed: readonly Placed[], paint: Paint): string[] {
  const ordered = [...placed].sort((a, b) => a.start - b.start || b.width - a.width);
  const rows: string[] = [];
  const last = ordered.at(-1);
  if (last === undefined) return rows;
  // Its text can stand beside the underlines only where nothing reaches farther to the right.
  const beside = ordered.every((each) => each === last || each.start + each.width <= last.start);
  rows.push(
    underlines(ordered, paint) + (beside && last.mark.text !== '' ? ` ${paint(last.mark, last.mark.text)}` : ''),
  );
  const hung = ordered.filter((each) => each.mark.text !== '' && !(beside && each === last));
  if (hung.length === 0) return rows;
  rows.push(connectors(hung, paint));
  for (let count = hung.length; count > 0; count--) {
    const each = hung[count - 1];
    const left = hung.slice(0, count - 1).filter((other) => other.start < each.start);
    const { row, width } = connected(left, paint);
    rows.push(row + ' '.repeat(each.start - width) + paint(each.mark, each.mark.text));
  }
  return rows;
}

function underlines(ordered: readonly Placed[], paint: Paint): string {
  let row = '';
  let column = 0;
  for (const each of ordered) {
    const end = each.start + each.width;
    if (end <= column) continue;
    const start = Math.max(each.start, column);
    row += ' '.repeat(start - column) + paint(each.mark, '─'.repeat(end - start));
    column = end;
  }
  return row;
}

function connectors(hung: readonly Placed[], paint: Paint): string {
  return connected(hung, paint).row;
}

function connected(hung: readonly Placed[], paint: Paint): { row: string; width: number } {
  let row = '';
  let width = 0;
  for (const each of hung) {
    if (each.start < width) continue;
    row += ' '.repeat(each.start - width) + paint(each.mark, '│');
    width = each.start + 1;
  }
  return { row, width };
}
