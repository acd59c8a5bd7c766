// The stages of a compilation as text, for `nnc compile --emit`.
import type { CheckOptions, CompileOptions, Diagnostic, ModelGraph, Source } from '../index.js';

export type Stage = 'tree' | 'graph' | 'gradient' | 'program';

export interface StageText {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where an error stands in the way. */
  readonly text?: string;
}

/** By name, in the order of the compilation. */
export const stages: Readonly<Record<Stage, (source: Source, options: CompileOptions) => Promise<StageText>>> = {
  async tree(source) {
    const { parse } = await import('../parser/parse.js');
    const { file, diagnostics } = parse(source);
    return { diagnostics, text: `${JSON.stringify(file.declarations, undefined, 2)}\n` };
  },
  graph: ofModel(async ({ training, evaluation }) => {
    const { printGraph } = await import('../ir/print.js');
    const roots = ({ loss, outputs, losses, metrics, states }: typeof training) => [
      ...[...outputs, ...losses, ...metrics, ...states].map(({ node }) => node),
      loss,
    ];
    return `// training\n${printGraph(roots(training))}\n\n// evaluation\n${printGraph(roots(evaluation))}`;
  }),
  gradient: ofModel(async (model) => {
    const { differentiateModel } = await import('../index.js');
    const { gradientDocument, printGradient } = await import('../inspect/gradient.js');
    const derived = differentiateModel(model);
    return printGradient(gradientDocument(derived.model, derived.gradients, { style: 'nn' }));
  }),
  async program(source, options) {
    const { compile } = await import('../index.js');
    const { printProgram } = await import('../ir/printProgram.js');
    const { program, diagnostics } = await compile(source, options);
    return program ? { diagnostics, text: `${printProgram(program)}\n` } : { diagnostics };
  },
};

function ofModel(print: (model: ModelGraph) => Promise<string>) {
  return async (source: Source, options: CheckOptions): Promise<StageText> => {
    const { check } = await import('../index.js');
    const { model, diagnostics } = check(source, options);
    return model ? { diagnostics, text: `${await print(model)}\n` } : { diagnostics };
  };
}
