// `nnc explain --line`: from a line of a model to what is made of it, and from a line of a module back.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapping } from 'node:module';
import { basename } from 'node:path';
import type { Source } from '../diagnostics/diagnostic.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { lineBeyond, lineOfNoModel, lineWithoutKernels, moduleForeign } from '../diagnostics/explain.js';
import { commentsAt, headOf, type ModuleLine } from '../inspect/explain/module.js';
import type { Range } from '../inspect/explain/lines.js';
import { baseName, printSource, type SourceLine } from '../ir/source.js';
import type { ExplainOptions } from './explain.js';
import { readImport } from './files.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

/** The kernels and generated lines that come of a line of a model. */
export async function explainLine(source: Source, line: number, options: ExplainOptions): Promise<void> {
  const { makePrograms } = await import('../compile.js');
  const { generatedOf, kernelsOfLine, linesWithKernels } = await import('../inspect/explain/lines.js');
  const { target } = options;
  const { programs, diagnostics } = makePrograms(source, { ...options, read: readImport });
  const [made] = programs;
  if (report(diagnostics) || !made) {
    process.exitCode = 1;
    return;
  }
  const file = baseName(source.file);
  const text = lineOf(file, source.text.split(/\r\n|[\n\r]/), line);
  const generated = await generatedOf(made);
  const found = kernelsOfLine(made.program, generated, { file, line });
  if (found.length === 0) {
    const near = linesWithKernels(made.program, file).sort((a, b) => Math.abs(a - line) - Math.abs(b - line));
    throw new Fault(lineWithoutKernels({ file, line, near: near.slice(0, 3).sort((a, b) => a - b) }));
  }
  const module = `${file.replace(/\.nn$/, '')}.${generated.format === 'wat' ? 'wat' : 'ts'}`;
  const kernels = found.map(({ kernel: { name, plan, provenance }, text: whole, own }) => ({
    name,
    phase: provenance.phase,
    sources: provenance.sources,
    formulas: provenance.formulas,
    plan,
    ...(whole && { lines: whole }),
    own,
  }));
  if (options.json) {
    standardOutput.write(`${JSON.stringify({ version: 1, file, line, text, target, module, kernels }, null, 2)}\n`);
    return;
  }
  const blocks = kernels.map(({ name, phase, lines, own, formulas, plan, sources }) => [
    `${name}  ${phase}${lines ? `  ${module}:${rangeText(lines)}` : ''}`,
    ...formulas.map((formula) => `  ${formula}`),
    `  from ${sources.map(printSource).join(', ')}`,
    ...plan.split('\n').flatMap((part) => (part.trim() === '' ? [] : [`  ${part.trim()}`])),
    ...(own.length > 0 ? [`  of this line: ${module}:${own.map(rangeText).join(', ')}`] : []),
  ]);
  standardOutput.write(
    `${[`${file}:${line}  ${text.trim()}`, ...blocks.map((lines) => lines.join('\n'))].join('\n\n')}\n`,
  );
}

/** The lines of the model that a line of a module comes of: as its source map has them, else as its comments say. */
export function explainModuleLine(file: string, code: string, line: number, json: boolean): void {
  const head = headOf(code);
  if (!head) throw new Fault(moduleForeign({ file }));
  const name = basename(file);
  const text = lineOf(name, code.split('\n'), line);
  const mapped = mappedLine(file, code, line);
  const said = commentsAt(code, line);
  if (!mapped && !said) throw new Fault(lineOfNoModel({ file: name, line }));
  const exact = mapped ? [mapped] : [];
  const from = mapped ? 'source map' : 'comments';
  const sources = said?.sources ?? exact;
  const words = (source: SourceLine): string | undefined =>
    source.file === head.file ? head.lines[source.line - 1]?.trim() : undefined;
  if (json) {
    const listed = (list: readonly SourceLine[]) => list.map((source) => ({ ...source, text: words(source) }));
    const data = {
      version: 1,
      file: name,
      line,
      text,
      from,
      lines: listed(mapped ? exact : sources),
      kernel: listed(sources),
    };
    standardOutput.write(`${JSON.stringify(data, null, 2)}\n`);
    return;
  }
  const shown = (source: SourceLine): string => [printSource(source), words(source)].filter(Boolean).join('  ');
  standardOutput.write(
    `${[`${name}:${line}  ${text.trim()}`, '', ...told(mapped, said).map(shownIn(shown))].join('\n')}\n`,
  );
}

type Told = string | SourceLine;

function told(mapped: SourceLine | undefined, said: ModuleLine | undefined): Told[] {
  const whole = said
    ? ['its kernel, as the comment above it says:', ...said.comment.map((text) => `  ${text}`), ...said.sources]
    : [];
  return mapped ? ['this line, as the source map says:', mapped, ...whole] : whole;
}

function shownIn(shown: (source: SourceLine) => string): (part: Told) => string {
  return (part) => (typeof part === 'string' ? part : `  ${shown(part)}`);
}

function lineOf(file: string, lines: readonly string[], line: number): string {
  const last = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  if (line > last) throw new Fault(lineBeyond({ file, line, count: last }));
  return lines[line - 1];
}

/** What the map beside a module says; undefined where there is none that can be read. */
function mappedLine(file: string, code: string, line: number): SourceLine | undefined {
  const path = `${file}.map`;
  if (!existsSync(path)) return undefined;
  try {
    const text = code.split('\n')[line - 1];
    const map = new SourceMap(JSON.parse(readFileSync(path, 'utf8')));
    const found: Partial<SourceMapping> = map.findEntry(line - 1, text.length);
    const { originalSource, originalLine, generatedLine } = found;
    if (originalSource === undefined || originalLine === undefined || generatedLine !== line - 1) return undefined;
    return { file: decodeURI(originalSource), line: originalLine + 1 };
  } catch {
    return undefined;
  }
}

function rangeText({ from, to }: Range): string {
  return from === to ? String(from) : `${from}-${to}`;
}
