// Lines of createTrainer that are the same for every engine: options, counters, what a run and a checkpoint start from.
import { constantOf } from '../../../ir/index.js';
import type { Entry, TrainerProgram } from '../../../ir/program.js';
import { sizeIn } from '../../../ir/toldSizes.js';
import { elementCount, printType } from '../../../ir/types.js';
import type { Buffer } from '../../../ir/scalar.js';
import { batchSize, type Layout } from '../layout.js';
import { shortened } from '../../../diagnostics/quote.js';
import { literal } from '../../text/quote.js';
import type { FitDefaults } from '../../runtime/fit.js';
import { buffersIn } from '../../uses.js';
import { fittingRows } from './requirements.js';
import { trainingInputs } from './types.js';

/** The lines of createTrainer that do not depend on its engine. */
export interface Lines {
  /** Checks of the options. */
  readonly options: readonly string[];
  /** What counts steps, and parameters and slots as they start. */
  readonly start: readonly string[];
  /** Sets the counters that an entry reads. */
  counters(entry: Entry): readonly string[];
  readonly noStep: string;
  /** Other calls of step than each so many-th end in `lines`. */
  accumulate(lines: readonly string[]): readonly string[];
  fit(more?: string): string;
  /** What a whole checkpoint holds of this memory. */
  tensors(memory: string): string;
  readonly read: readonly string[];
  readonly resume: readonly string[];
}

/** What a step says that needs to know how long the run is. */
const noRun =
  'step: the learning rate follows the length of the run, which fit knows; give createTrainer the option updates, or the schedule its steps';

export function linesOf(program: TrainerProgram, layout: Layout): Lines {
  const { model, slots } = program;
  const { train, players } = model;
  const accumulate = players[0]?.accumulate ?? 1;
  const counter = (name: string): Buffer | undefined => program.counters.find((c) => c.name === name)?.buffer;
  const seedField = counter('seed');
  const setSeed = seedField ? [`${layout.array(seedField)}[0] = seed;`] : [];
  const hasRun = counter('run') !== undefined;
  const hasSlots = slots.length > 0;
  const plan = hasRun
    ? `, plan: (steps) => {\nplanned = options.updates ?? Math.floor((draws + steps) / ${accumulate});\n}`
    : '';
  const rows = fittingRows(program);
  const fitting = rows === undefined ? '' : `, fits: ${rows}`;
  return {
    options: ['checkTrainerOptions(options);', `let { seed = ${train.seed} } = options;`],
    start: [
      'let updates = 0;',
      '// Counts calls of step: every one has random draws of its own.',
      'let draws = 0;',
      ...(hasRun ? ['// How many updates the run makes.', 'let planned = options.updates;'] : []),
      'initialize(memory, seed);',
      ...(slots.some((s) => s.initial !== 0) ? ['resetOptimizer(memory);'] : []),
      ...setSeed.map((line) => line.replace(/^m\./, 'memory.')),
    ],
    counters(entry) {
      const used = buffersIn(entry.steps);
      return (['update', 'run', 'draw'] as const).flatMap((c) => {
        const buffer = counter(c);
        if (!buffer || !used.has(buffer)) return [];
        const lines = c === 'run' ? [`if (planned === undefined) throw new Error(${literal(noRun)});`] : [];
        return [
          ...lines,
          `${layout.array(buffer)}[0] = ${{ update: 'updates + 1', run: 'planned', draw: 'draws' }[c]};`,
        ];
      });
    },
    noStep: `throw new Error(${literal(`${shortened(model.name)} has no train block, so there is no step to make`)});`,
    accumulate: (lines) => [`if (draws % ${accumulate} !== ${accumulate - 1}) {`, ...lines, '}'],
    fit: (more = '') =>
      `fit(data, options = {}) {\nuse();\nreturn fitTrainer(trainer, seed, { epochs: ${train.epochs}, batch: ${train.batch}, validation: ${train.validation}, rows: ${literal(rowsOf(program))}${fitting}${plan}${more} }, data, options);\n}`,
    tensors: (memory) => (hasSlots ? `[...tensorsOf(${memory}), ...optimizerOf(${memory})]` : `tensorsOf(${memory})`),
    read: [
      `const counts = readTensors(bytesOf(checkpoint), tensorsOf(m), ${hasSlots ? 'optimizerOf(m)' : program.entries.step ? '[]' : 'undefined'});`,
      ...(hasSlots ? ['if (!counts) resetOptimizer(m);'] : []),
    ],
    resume: [
      'updates = counts?.update ?? 0;',
      'draws = counts?.draw ?? 0;',
      'seed = counts?.seed ?? seed;',
      ...setSeed,
    ],
  };
}

export function method(head: string, ...lines: readonly string[]): string {
  return [`${head} {`, 'const m = use();', ...lines.filter((line) => line !== ''), '}'].join('\n');
}

/** Each input whose first dimension is the batch, with its type and the values of a row: 0 where only its shape tells. */
function rowsOf(program: TrainerProgram): FitDefaults['rows'] {
  const batch = batchSize(program);
  const rows: [string, string, number][] = [];
  for (const { name, type } of trainingInputs(program)) {
    const [first, ...rest] = type.shape;
    if (batch === undefined || first === undefined || sizeIn(first.size) !== batch) continue;
    rows.push([name, printType(type), constantOf(elementCount({ ...type, shape: rest })) ?? 0]);
  }
  return rows;
}

/** The methods that wait for kernels, with what they take: an engine answers them all at once, or all with promises. */
export const waiting = {
  step: 'inputs',
  evaluate: 'inputs',
  predict: 'inputs',
  gradients: 'inputs',
  save: 'options',
  load: 'checkpoint',
} as const;
