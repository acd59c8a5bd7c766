// The stages of a compilation as text, for `nnc compile --emit`.
import type { CompileOptions, Diagnostic, Gradients, Made, Programs, Source } from '../index.js';

/** What `--emit` takes, in the order of the compilation. */
export const stages = ['tree', 'graph', 'gradient', 'nests', 'plans', 'kernels', 'program', 'wat'] as const;

export type Stage = (typeof stages)[number];

export interface StageText {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where an error stands in the way. */
  readonly text?: string;
}

export interface StageFile {
  readonly name: string;
  readonly text: string;
}

/** One stage as text. Where a module holds two programs, that of the first, but for WebAssembly's own. */
export async function printStage(stage: Stage, source: Source, options: CompileOptions): Promise<StageText> {
  if (stage === 'tree') {
    const { parse } = await import('../parser/parse.js');
    const { file, diagnostics } = parse(source);
    return { diagnostics, text: `${JSON.stringify(file.declarations, undefined, 2)}\n` };
  }
  const followed = await follow(source, options);
  const found = (await textsOf(followed)).find((printed) => printed.stage === stage);
  return found ? { diagnostics: followed.diagnostics, text: found.text } : { diagnostics: followed.diagnostics };
}

/** A file for every stage, and one for every pass that changed something: `11-join.nests.txt`, numbered as `nnc passes` lists them. */
export async function printAll(
  source: Source,
  options: CompileOptions,
): Promise<{ readonly diagnostics: readonly Diagnostic[]; readonly files: readonly StageFile[] }> {
  const { passes } = await import('../passes.js');
  const followed = await follow(source, options);
  const before = new Map<string, string>();
  const of = (target: string | undefined): string =>
    target !== undefined && options.target === 'wgsl,wasm' ? `${target}-` : '';
  const files = (await textsOf(followed)).map(({ stage, target, text }): StageFile => {
    return { name: `${of(target)}${stage}.txt`, text };
  });
  for (const { pass, target, print } of followed.made) {
    const text = `${print()}\n`;
    const key = `${target ?? ''} ${pass.to}`;
    // A target begins with what all have in common.
    if ((before.get(key) ?? before.get(` ${pass.to}`)) === text) continue;
    before.set(key, text);
    const number = String(passes.findIndex(({ name }) => name === pass.name) + 1).padStart(2, '0');
    files.push({ name: `${of(target)}${number}-${pass.name}.${pass.to}.txt`, text });
  }
  return { diagnostics: followed.diagnostics, files };
}

interface Followed extends Programs {
  readonly made: readonly Made[];
}

/** What every pass has made, one after another. */
async function follow(source: Source, options: CompileOptions): Promise<Followed> {
  const { makePrograms } = await import('../index.js');
  const made: Made[] = [];
  const programs = makePrograms(source, { ...options, watch: (each) => made.push(each) });
  return { ...programs, made };
}

interface Printed {
  readonly stage: Stage;
  readonly target?: string;
  readonly text: string;
}

/** The last form of each stage, by target; of graphs the first, as the model was written. */
async function textsOf({ made, model, programs }: Followed): Promise<Printed[]> {
  const last = new Map<string, Made>();
  for (const each of made) {
    const key = `${each.target ?? ''} ${each.pass.to}`;
    if (each.pass.to !== 'graph' || !last.has(key)) last.set(key, each);
  }
  const texts: Printed[] = [];
  for (const { pass, target, print } of last.values()) {
    const stage = stages.find((name) => name === pass.to);
    // Recomputed gradients are a target's own; formulas are those that all have in common.
    if (!stage || (stage === 'gradient' && target !== undefined)) continue;
    const formulas = stage === 'gradient' && model?.training.loss && (await formulasOf(model));
    texts.push({ stage, target, text: formulas || `${print()}\n` });
  }
  const { printWat } = await import('../codegen/emit.js');
  for (const { target, program, relaxed } of programs)
    if (target === 'wasm')
      texts.push({ stage: 'wat', target, text: `${printWat(relaxed ?? program, relaxed !== undefined)}\n` });
  return texts;
}

/** Gradients as `nnc grad` prints them. */
async function formulasOf(model: Gradients['model']): Promise<string> {
  const { derivationOf } = await import('../inspect/derivation/derivation.js');
  const { printText } = await import('../inspect/print/text.js');
  return printText(derivationOf(model), { style: 'nn' });
}
