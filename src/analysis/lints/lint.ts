// All lints of a file without errors: what compiles, and is likely not what its author meant.
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { unsilenced } from '../../diagnostics/ignored.js';
import type { ModelGraph } from '../../ir/model.js';
import type { Declaration, Identifier } from '../../parser/tree.js';
import type { Analysis } from '../analyze.js';
import { distinct } from '../meaning.js';
import { doubleSoftmax } from './doubleSoftmax.js';
import { lastDropout } from './lastDropout.js';
import { misspeltDimensions, shadowing, unusedNames, withFix } from './names.js';
import { madeIn, type Made } from './places.js';
import { textOfModel } from './logits.js';
import { softmaxAxis } from './softmaxAxis.js';
import { unguarded } from './unguarded.js';
import { untrainedLoss } from './untrainedLoss.js';

/** The diagnostics of a file with those of its lints, by place, without what comments in it silence. */
export function linted(analysis: Analysis): readonly Diagnostic[] {
  const { diagnostics, source } = analysis;
  const failed = diagnostics.some(({ severity }) => severity === 'error');
  const all = failed ? diagnostics : [...diagnostics.map((each) => withFix(each, analysis)), ...lintsOf(analysis)];
  return unsilenced(inOrder(distinct(all), source.file), (file) => textOf(file, analysis));
}

function lintsOf(analysis: Analysis): Diagnostic[] {
  const made = madeIn(analysis);
  return [
    ...unusedNames(analysis),
    ...shadowing(analysis),
    ...misspeltDimensions(analysis),
    ...analysis.models.flatMap(({ name, graph }) => {
      const declaration = analysis.file.declarations.find((each) => each.kind === 'model' && each.name.name === name);
      if (!graph || declaration?.kind !== 'model') return [];
      return lintsOfModel(graph, declaration, analysis, made);
    }),
  ];
}

function lintsOfModel(
  graph: ModelGraph,
  { body }: Extract<Declaration, { kind: 'model' }>,
  analysis: Analysis,
  made: readonly Made[],
): Diagnostic[] {
  const losses = body.filter((statement) => statement.kind === 'loss');
  const names = losses.flatMap(({ name }): Identifier[] => (name ? [name] : []));
  return [
    ...doubleSoftmax(graph, textOfModel(analysis, made)),
    ...softmaxAxis(graph, made),
    ...unguarded(graph, analysis, made),
    ...untrainedLoss(graph, names),
    ...(losses.length > 0 ? lastDropout(graph, made, losses[0].value.span) : []),
  ];
}

function textOf(file: string, { source, files }: Analysis): string | undefined {
  return file === source.file ? source.text : files.get(file)?.text;
}

function inOrder(diagnostics: readonly Diagnostic[], file: string): readonly Diagnostic[] {
  const place = ({ labels, trace = [] }: Diagnostic): number =>
    [...labels.slice(0, 1), ...trace].map(({ span }) => span).find((span) => span.file === file)?.start ?? 0;
  return [...diagnostics].sort((a, b) => place(a) - place(b));
}
