// A diagnostic as text for people: the source lines it speaks of, what is said at each place, notes and help.
import pc from 'picocolors';
import type { Diagnostic, Label } from './diagnostic.js';
import { excerpt, type Mark } from './excerpt.js';
import { lineAt, lineStarts } from './position.js';
import { readable, visible } from './quote.js';

export type Sources = ReadonlyMap<string, string> | ((file: string) => string | undefined);

export interface RenderOptions {
  readonly colour?: boolean;
}

/** The calls of a trace that are shown where it is long: the innermost and the outermost ones. */
const callsShown = { innermost: 2, outermost: 2 };

/** Renders one diagnostic, without a newline at its end. */
export function render(diagnostic: Diagnostic, sources: Sources, options: RenderOptions = {}): string {
  const colours = pc.createColors(options.colour ?? false);
  const strong = (text: string): string => (diagnostic.severity === 'error' ? colours.red(text) : colours.yellow(text));
  const dim = (text: string): string => colours.blue(text);
  const files = new Map<string, Text>();
  const textOf = (file: string): Text | undefined => {
    const known = files.get(file);
    if (known !== undefined) return known;
    const text = typeof sources === 'function' ? sources(file) : sources.get(file);
    if (text === undefined) return undefined;
    const entry = { text, starts: lineStarts(text) };
    files.set(file, entry);
    return entry;
  };

  const sections = [...sectionsOf(diagnostic)];
  const lastLine = Math.max(0, ...sections.flatMap(({ labels }) => labels.map((label) => lineNumber(label, textOf))));
  const gutter = ' '.repeat(String(lastLine).length);
  const lines = [
    `${strong(colours.bold(`${diagnostic.severity}[${diagnostic.code}]`))}${colours.bold(`: ${oneLine(diagnostic.message)}`)}`,
  ];
  for (const section of sections) {
    if (section.skipped !== undefined) {
      lines.push(`${gutter} ${dim('·')} ${section.skipped}`);
      continue;
    }
    const { file } = section.labels[0].span;
    const source = textOf(file);
    if (source === undefined) {
      lines.push(
        `${gutter} ${dim('┌─')} ${visible(file)}`,
        ...section.labels.map((label) => `${gutter} ${dim('│')} ${label.text}`),
      );
      continue;
    }
    const marks = section.labels.map((label, index): Mark => ({ ...label, first: index === 0 && section.fault }));
    const paint = (mark: Mark, text: string): string => (mark.first ? strong(text) : dim(text));
    const shown = excerpt(marks, source, paint);
    lines.push(`${gutter} ${dim('┌─')} ${visible(file)}:${shown.line}:${shown.column}`, `${gutter} ${dim('│')}`);
    for (const row of shown.rows) {
      const number = row.number === undefined ? gutter : String(row.number).padStart(gutter.length);
      lines.push(`${dim(number)} ${dim(row.skip ? '·' : '│')}${row.text === '' ? '' : ` ${row.text}`}`);
    }
  }
  const notes = diagnostic.notes ?? [];
  if (notes.length > 0 || diagnostic.help !== undefined) lines.push(`${gutter} ${dim('│')}`);
  for (const note of notes) lines.push(hanging(`${gutter} ${dim('=')} `, gutter.length + 3, note));
  if (diagnostic.help !== undefined) {
    lines.push(hanging(`${gutter} ${dim('=')} ${colours.bold('help')}: `, gutter.length + 9, diagnostic.help));
  }
  return lines.join('\n');
}

export interface Text {
  readonly text: string;
  readonly starts: readonly number[];
}

interface Section {
  readonly labels: readonly Label[];
  /** Where the fault is, rather than a call that led there. */
  readonly fault: boolean;
  /** Stands for calls left out. */
  readonly skipped?: string;
}

/** The labels by file, that of the fault first; then the calls that led there. */
function* sectionsOf(diagnostic: Diagnostic): Generator<Section> {
  const byFile = new Map<string, Label[]>();
  for (const label of diagnostic.labels) {
    const labels = byFile.get(label.span.file);
    if (labels === undefined) byFile.set(label.span.file, [label]);
    else labels.push(label);
  }
  let fault = true;
  for (const labels of byFile.values()) {
    yield { labels, fault };
    fault = false;
  }
  const trace = diagnostic.trace ?? [];
  const left = trace.length - callsShown.innermost - callsShown.outermost;
  for (const [index, { callee, span }] of trace.entries()) {
    if (left > 0 && index === callsShown.innermost) {
      yield { labels: [], fault: false, skipped: `${left} more ${left === 1 ? 'call' : 'calls'}` };
    }
    if (left > 0 && index >= callsShown.innermost && index < callsShown.innermost + left) continue;
    yield { labels: [{ span, text: `in this call of ${readable(callee)}` }], fault: false };
  }
}

function lineNumber({ span }: Label, textOf: (file: string) => Text | undefined): number {
  const source = textOf(span.file);
  return source === undefined ? 0 : lineAt(source.starts, Math.min(span.start, source.text.length)) + 1;
}

function hanging(lead: string, indent: number, text: string): string {
  return lead + text.split(/\r\n?|\n/).join(`\n${' '.repeat(indent)}`);
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
