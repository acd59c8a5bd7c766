// Lines of a model and lines of what is made of them, both ways.
import { emitModule, kernelTexts, lineOrigins, printWat } from '../../codegen/emit.js';
import { kernelLabel } from '../../codegen/text/provenance.js';
import type { Kernel, TrainerProgram } from '../../ir/program.js';
import type { SourceLine } from '../../ir/source.js';
import type { TargetProgram } from '../../compile.js';

/** Lines from 1, both ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface KernelLines {
  readonly kernel: Kernel;
  /** Its whole function in the generated text. */
  readonly text?: Range;
  /** What of it comes of the line. */
  readonly own: readonly Range[];
}

/** The text of a target in which lines are counted: the module, or of WebAssembly its text. */
export interface Generated {
  readonly code: string;
  readonly kernels: ReadonlyMap<string, Kernel>;
  readonly format: 'module' | 'wat';
}

export async function generatedOf({ target, program }: TargetProgram): Promise<Generated> {
  if (target === 'wasm') return { code: printWat(program), kernels: new Map(), format: 'wat' };
  return { ...(await emitModule(program, { target })), format: 'module' };
}

/** The kernels that come of a line of a file, with where they stand in the generated text. */
export function kernelsOfLine(
  program: TrainerProgram,
  { code, kernels, format }: Generated,
  wanted: Pick<SourceLine, 'file' | 'line'>,
): KernelLines[] {
  const texts = format === 'wat' ? textsInWat(program, code) : kernelTexts(code, kernels);
  const origins = lineOrigins(code, kernels);
  return program.kernels
    .filter(({ provenance }) => provenance.sources.some((source) => isLine(source, wanted)))
    .map((kernel) => {
      const text = texts.find((other) => other.kernel === kernel);
      if (!text) return { kernel, own: [] };
      const lines = Array.from({ length: text.to - text.from + 1 }, (_, i) => text.from + i);
      const own = lines.filter((line) => {
        const source = origins.get(line);
        return source && isLine(source, wanted);
      });
      return { kernel, text: { from: text.from, to: text.to }, own: rangesOf(own) };
    });
}

/** Lines of a file that kernels come of, in order. */
export function linesWithKernels({ kernels }: TrainerProgram, file: string): number[] {
  const lines = kernels.flatMap(({ provenance }) =>
    provenance.sources.flatMap((source) => (source.file === file ? [source.line] : [])),
  );
  return [...new Set(lines)].sort((a, b) => a - b);
}

function isLine(a: Pick<SourceLine, 'file' | 'line'>, b: Pick<SourceLine, 'file' | 'line'>): boolean {
  return a.file === b.file && a.line === b.line;
}

/** The functions of WebAssembly text, by the names that stand behind their heads. */
export function textsInWat({ kernels }: TrainerProgram, wat: string): (Range & { readonly kernel: Kernel })[] {
  const lines = wat.split('\n');
  const byLabel = new Map(kernels.map((kernel) => [kernelLabel(kernel), kernel]));
  return lines.flatMap((line, at) => {
    const kernel = byLabel.get(/^ {2}\(func .*? {2};; (.*)$/.exec(line)?.[1] ?? '');
    return kernel ? [{ kernel, from: at + 1, to: lines.indexOf('  )', at) + 1 }] : [];
  });
}

function rangesOf(lines: readonly number[]): Range[] {
  const ranges: { from: number; to: number }[] = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last?.to === line - 1) last.to = line;
    else ranges.push({ from: line, to: line });
  }
  return ranges;
}
