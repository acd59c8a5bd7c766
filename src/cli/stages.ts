// The stages of a compilation as text, for `nnc compile --emit`.
import type { CheckOptions, Diagnostic, Source } from '../index.js';

export type Stage = 'tree' | 'gradient';

export interface StageText {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where an error stands in the way. */
  readonly text?: string;
}

/** By name, in the order of the compilation. */
export const stages: Readonly<Record<Stage, (source: Source, options: CheckOptions) => Promise<StageText>>> = {
  async tree(source) {
    const { parse } = await import('../parser/parse.js');
    const { file, diagnostics } = parse(source);
    return { diagnostics, text: `${JSON.stringify(file.declarations, undefined, 2)}\n` };
  },
  async gradient(source, options) {
    const { check, differentiateModel } = await import('../index.js');
    const { gradientDocument, printGradient } = await import('../inspect/gradient.js');
    const { model, diagnostics } = check(source, options);
    if (!model) return { diagnostics };
    const derived = differentiateModel(model);
    const document = gradientDocument(derived.model, derived.gradients, { style: 'nn' });
    return { diagnostics, text: `${printGradient(document)}\n` };
  },
};
