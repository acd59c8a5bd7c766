// What bodies require of run-time sizes, as code: a call that does not meet it ends before anything is written.
import type { ModelGraph, Requirement, SizeCondition } from '../../../ir/model.js';
import type { TrainerProgram } from '../../../ir/program.js';
import { sizesOfCondition } from '../../../ir/requirements.js';
import { batchSize, printSize, type SizeFields } from '../layout.js';
import { literal } from '../../text/quote.js';

/** What is required of a call: in either mode, in training alone, in evaluation alone. */
export interface Required {
  readonly always: readonly Stated[];
  readonly training: readonly Stated[];
  readonly evaluation: readonly Stated[];
}

interface Stated {
  readonly text: string;
  readonly condition: SizeCondition;
}

/** What a model requires of calls that train and evaluate. */
export function requiredOf(model: ModelGraph): Required {
  const [training, evaluation] = [model.training, model.evaluation].map(({ requirements }) =>
    requirements.map((r): Stated => ({ text: textOf(r, model.name), condition: r.condition })),
  );
  const keys = (list: readonly Stated[]): Set<string> => new Set(list.map(keyOf));
  const [inTraining, inEvaluation] = [keys(training), keys(evaluation)];
  return {
    always: training.filter((r) => inEvaluation.has(keyOf(r))),
    training: training.filter((r) => !inEvaluation.has(keyOf(r))),
    evaluation: evaluation.filter((r) => !inTraining.has(keyOf(r))),
  };
}

/** What it requires of predictions. */
export function requiredOfOutputs(model: ModelGraph): Required {
  const { always, evaluation } = requiredOf(model);
  return { always: [...always, ...evaluation], training: [], evaluation: [] };
}

/** Whether a check has to know the mode. */
export function byMode({ training, evaluation }: Required): boolean {
  return training.length > 0 || evaluation.length > 0;
}

function textOf({ owner, text }: Requirement, model: string): string {
  return `${owner ?? model}: ${text}`;
}

function keyOf({ text, condition }: Stated): string {
  const sizes = [...sizesOfCondition(condition)].map((size): SizeFields => ({
    size,
    variable: size,
    now: '',
    room: '',
  }));
  return JSON.stringify([text, printCondition(condition, sizes)]);
}

/** The checks of those requirements whose sizes the call tells. */
export function requirementLines(required: Required, sizes: readonly SizeFields[]): string[] {
  const known = new Set(sizes.map(({ size }) => size));
  const linesOf = (list: readonly Stated[]): string[] =>
    list.flatMap(({ text, condition }) => {
      const used = [...sizesOfCondition(condition)];
      if (used.some((size) => !known.has(size))) return [];
      const values = used.map((size) => `[${literal(size)}, ${sizes.find((s) => s.size === size)?.variable}]`);
      return [`requireSizes(${printCondition(condition, sizes)}, ${literal(text)}, [${values.join(', ')}]);`];
    });
  const onlyIf = (test: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? [`if (${test}) {`, ...lines, '}'] : [];
  return [
    ...linesOf(required.always),
    ...onlyIf('training', linesOf(required.training)),
    ...onlyIf('!training', linesOf(required.evaluation)),
  ];
}

function printCondition(condition: SizeCondition, sizes: readonly SizeFields[]): string {
  switch (condition.kind) {
    case 'compare': {
      const [left, right] = [condition.left, condition.right].map((side) => printSize(side, { sizes }));
      const { operator } = condition;
      return `${left} ${operator === '==' || operator === '!=' ? `${operator}=` : operator} ${right}`;
    }
    case 'not':
      return `!(${printCondition(condition.of, sizes)})`;
    case 'and':
    case 'or': {
      const [a, b] = condition.parts.map((part) => `(${printCondition(part, sizes)})`);
      return `${a} ${condition.kind === 'and' ? '&&' : '||'} ${b}`;
    }
    default:
      return condition satisfies never;
  }
}

/** For `fit`: a function that tells whether a step may have so many rows, where something is required of the batch alone. */
export function fittingRows(program: TrainerProgram): string | undefined {
  const batch = batchSize(program);
  const { always, training } = requiredOf(program.model);
  const conditions = [...always, ...training].flatMap(({ condition }) =>
    [...sizesOfCondition(condition)].every((size) => size === batch) ? [condition] : [],
  );
  if (batch === undefined || conditions.length === 0) return undefined;
  const sizes = [{ size: batch, variable: 'rows', now: '', room: '' }];
  const texts = conditions.map((condition) => printCondition(condition, sizes));
  return `(rows: number) => ${texts.length > 1 ? texts.map((text) => `(${text})`).join(' && ') : texts[0]}`;
}
