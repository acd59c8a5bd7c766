// Lines of createTrainer that are the same for every engine: options, counters, what a run and a checkpoint start from.
import { constantOf } from '../../../ir/index.js';
import { lossScale as scaling } from '../../../ir/model.js';
import { stepOf, type Entry, type TrainerProgram } from '../../../ir/program.js';
import { sizeIn } from '../../../ir/toldSizes.js';
import { elementCount, printType } from '../../../ir/types.js';
import type { Buffer } from '../../../ir/scalar.js';
import type { Engine } from '../engine.js';
import { batchSize, type Layout } from '../layout.js';
import { shortened } from '../../../diagnostics/quote.js';
import { literal } from '../../text/quote.js';
import type { FitDefaults } from '../../runtime/fit.js';
import { buffersIn } from '../../uses.js';
import { countingOfPlayers, isPlayed, noRun } from './players.js';
import { fittingRows } from './requirements.js';
import { hasLoss, trainingInputs } from './types.js';

/** The lines of createTrainer that do not depend on its engine. */
export interface Lines {
  /** Checks of the options. */
  readonly options: readonly string[];
  /** What counts steps, and parameters and slots as they start. */
  readonly start: readonly string[];
  /** Sets the counters that an entry reads to these expressions. */
  counters(entry: Entry, values?: CounterValues): readonly string[];
  /** Runs an entry by these lines, whose draws are keyed by the seed of the call's options, if there is one. */
  seeded(entry: Entry, run: string): readonly string[];
  readonly noStep: string;
  /** Other calls of step than each so many-th end in `lines`. */
  accumulate(lines: readonly string[]): readonly string[];
  fit(more?: string): string;
  /** Makes a pass by these lines, which leaves alone what is frozen. */
  updating(run: string): readonly string[];
  /** What a whole checkpoint holds of this memory. */
  tensors(memory: string): string;
  readonly read: readonly string[];
  readonly resume: readonly string[];
  readonly stepCount: string;
  /** Counts an update, unless it was left out; where that is told later, the answer takes it back. */
  readonly updated: string;
  /** The member that tells the scale of the loss, where there is one. */
  readonly scaleMember: readonly string[];
  /** The variable that counts calls of step. */
  readonly calls: string;
  /** Members of a whole checkpoint's metadata. */
  readonly saved: string;
}

/** Expressions for the number of the update, of the draw, and of how many updates the run makes. */
export type CounterValues = Readonly<Record<'update' | 'draw' | 'run', string>>;

/** The variable of what multiplies every learning rate. */
const scale = 'learningRateScale';

/** How calls of step are counted, and what of that a checkpoint holds. */
export interface Counting {
  readonly start: readonly string[];
  /** How many updates the run makes, where so many `steps` are to come. */
  readonly planned: string;
  readonly counters: CounterValues;
  readonly stepCount: string;
  readonly calls: string;
  /** Members of the metadata. */
  readonly saved: readonly string[];
  /** The last argument of readTensors, behind a comma. */
  readonly counts: string;
  readonly resume: readonly string[];
}

/** Updates and calls of step. */
function countingOf({ model: { players } }: TrainerProgram): Counting {
  const accumulate = players[0]?.accumulate ?? 1;
  return {
    start: ['let updates = 0;', '// Counts calls of step: every one has random draws of its own.', 'let draws = 0;'],
    planned: `Math.floor((draws + steps) / ${accumulate})`,
    counters: { update: 'updates + 1', draw: 'draws', run: 'planned' },
    stepCount: 'updates',
    calls: 'draws',
    saved: ['update: String(updates)', 'draw: String(draws)', 'seed: String(seed)'],
    counts: '',
    resume: ['updates = counts?.update ?? 0;', 'draws = counts?.draw ?? 0;'],
  };
}

const asksForRun = `if (planned === undefined) throw new Error(${literal(noRun)});`;

/** Sets the counters that an entry reads. */
function settersOf(program: TrainerProgram, layout: Layout, entry: Entry, values: CounterValues): string[] {
  const { counters, model } = program;
  const used = buffersIn(entry.steps);
  // What adds up gradients first asks when it begins to.
  const isAsked = isPlayed(program) || (model.players[0]?.accumulate ?? 1) === 1;
  return (['update', 'run', 'learning_rate_scale', 'draw'] as const).flatMap((c) => {
    const buffer = counters.find(({ name }) => name === c)?.buffer;
    if (!buffer || !used.has(buffer)) return [];
    return [
      ...(c === 'run' && isAsked ? [asksForRun] : []),
      `${layout.array(buffer)}[0] = ${c === 'learning_rate_scale' ? scale : values[c]};`,
    ];
  });
}

/** What a call of step does that makes no update. */
function accumulating(lines: readonly string[], calls: number): string[] {
  return [`if (draws % ${calls} !== ${calls - 1}) {`, ...lines, '}'];
}

export function linesOf(program: TrainerProgram, layout: Layout, engine: Pick<Engine, 'holds' | 'answers'>): Lines {
  const { holds = 'holdTensors(', answers } = engine;
  const { model, slots, lossScale } = program;
  const { train, players } = model;
  const counting = isPlayed(program) ? countingOfPlayers(program) : countingOf(program);
  const counter = (name: string): Buffer | undefined => program.counters.find((c) => c.name === name)?.buffer;
  const seedField = counter('seed');
  const setSeed = seedField ? [`${layout.array(seedField)}[0] = seed;`] : [];
  const countersOf: Lines['counters'] = (entry, values = counting.counters) =>
    settersOf(program, layout, entry, values);
  const hasRun = counter('run') !== undefined;
  const plan = hasRun ? `, plan: (steps) => {\nplanned = asked ?? ${counting.planned};\n}` : '';
  const optional = [...program.parameters, ...program.states].some((t) => t.optional);
  const fitting = fittingText(program);
  const observing = program.entries.observe
    ? `, look: () => (observed || ${counting.calls} > 0 ? undefined : (inputs) => trainer.observe(inputs))`
    : '';
  return {
    options: ['checkTrainerOptions(options);', `let { seed = ${train.seed} } = options;`],
    start: [
      ...counting.start,
      ...settings(program, answers.promised),
      ...(hasRun
        ? ['// How many updates the run makes.', 'const { updates: asked } = options;', 'let planned = asked;']
        : []),
      'initialize(memory, seed);',
      ...(program.averages.length > 0 ? ['resetAverages(memory);'] : []),
      ...(slots.some((s) => s.initial !== 0) ? ['resetOptimizer(memory);'] : []),
      ...setSeed.map((line) => line.replace(/^m\./, 'memory.')),
    ],
    counters: countersOf,
    seeded(entry, run) {
      const { draw, ...others } = counting.counters;
      const asked = countersOf(entry, { ...others, draw: `options.seed === undefined ? ${draw} : 0` });
      if (!seedField || !buffersIn(entry.steps).has(seedField)) return [...asked, run];
      return [`${layout.array(seedField)}[0] = options.seed ?? seed;`, ...asked, run, ...setSeed];
    },
    noStep: `throw new Error(${literal(`${shortened(model.name)} has no train block, so there is no step to make`)});`,
    accumulate: (lines) => [...(hasRun ? [asksForRun] : []), ...accumulating(lines, players[0]?.accumulate ?? 1)],
    fit: (more = '') =>
      `fit(data, options = {}) {\nuse();\nreturn fitTrainer(trainer, seed, { epochs: ${train.epochs}, batch: ${train.batch}, validation: ${train.validation}${runSettings(program)}, rows: ${literal(rowsOf(program))}${fitting}${observing}${plan}${more} }, data, options);\n}`,
    updating: (run) => [`const release = frozen && ${holds}frozen, ${allTensors(program, 'm')});`, run, 'release?.();'],
    tensors: (memory) => allTensors(program, memory),
    read: [
      `const counts = readTensors(bytesOf(checkpoint), tensorsOf(m), ${slots.length > 0 ? 'optimizerOf(m)' : stepOf(program) ? '[]' : 'undefined'}${optional ? `${counting.counts === '' ? ', undefined' : counting.counts}, () => startOptional(m, seed)` : counting.counts});`,
      ...(slots.length > 0 ? ['if (!counts) resetOptimizer(m);'] : []),
    ],
    resume: [
      ...counting.resume,
      ...(hasLoss(program) ? [`${scale} = counts?.${scale} ?? 1;`] : []),
      'seed = counts?.seed ?? seed;',
      ...(lossScale && answers.promised ? [`lossScale = ${layout.array(lossScale.value)}[0];`] : []),
      ...setSeed,
    ],
    stepCount: counting.stepCount,
    ...scaleLines(program, layout, answers.promised),
    calls: counting.calls,
    saved: [...counting.saved, ...(hasLoss(program) ? [`${scale}: String(${scale})`] : [])].join(', '),
  };
}

/** What follows from the scale of the loss, where there is one. */
function scaleLines(
  { lossScale }: TrainerProgram,
  layout: Layout,
  promised: boolean,
): Pick<Lines, 'updated' | 'scaleMember'> {
  if (!lossScale) return { updated: 'updates++;', scaleMember: [] };
  const [value, steps] = [lossScale.value, lossScale.steps].map((buffer) => layout.array(buffer));
  const lines = promised ? ['return lossScale;'] : ['const m = use();', `return ${value}[0];`];
  return {
    updated: promised ? 'updates++;' : `if (${steps}[0] >= 0) updates++;`,
    scaleMember: [`get lossScale() {\n${lines.join('\n')}\n}`],
  };
}

/** The tensors of a whole checkpoint. */
function allTensors({ slots }: TrainerProgram, memory: string): string {
  return slots.length > 0 ? `[...tensorsOf(${memory}), ...optimizerOf(${memory})]` : `tensorsOf(${memory})`;
}

/** Which numbers of rows fit, where not all do. */
function fittingText(program: TrainerProgram): string {
  const rows = fittingRows(program);
  return rows === undefined ? '' : `, fits: ${rows}`;
}

/** What the model says of a run beyond its length, and what may decide which epoch is the best. */
function runSettings({ model: { train, training } }: TrainerProgram): string {
  const { monitor, patience, shuffle, plateau } = train;
  const [losses, metrics] = [training.losses, training.metrics].map((list) => list.map(({ name }) => name));
  const lists = Object.entries({ losses, metrics }).filter(([, names]) => names.length > 0);
  const settings = Object.entries({ monitor, patience, shuffle, plateau }).filter(([, value]) => value !== undefined);
  return [...settings, ...lists].map(([name, value]) => `, ${name}: ${literal(value)}`).join('');
}

/** What it sets, as it begins. */
function settings(program: TrainerProgram, promised: boolean): string[] {
  return [
    ...(program.lossScale && promised ? [`let lossScale = ${scaling.slots.value};`] : []),
    ...(hasLoss(program) ? [`let ${scale} = 1;`] : []),
    ...(stepOf(program) ? ['let frozen: Frozen | undefined;'] : []),
  ];
}

/** What a program sets for the steps that follow: the scale of learning rates, and what is frozen. */
export function settingMembers(program: TrainerProgram): readonly string[] {
  const frozen = 'frozenBy(patterns, model.parameters.map(({ name }) => name));';
  return [
    `get ${scale}() {\nreturn ${scale};\n}`,
    `set ${scale}(value) {\ncheckScale(value);\n${scale} = value;\n}`,
    `freeze(patterns) {\n${stepOf(program) ? 'frozen = ' : ''}${frozen}\n}`,
  ];
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

/** What a method of these takes; of several train blocks, one may be named. */
export function parametersOf(program: TrainerProgram, name: keyof typeof waiting): string {
  const block = isPlayed(program) && (name === 'step' || name === 'gradients');
  return `${waiting[name]}${block ? ', block' : ''}`;
}

/** The methods that wait for kernels, with what they take: an engine answers them all at once, or all with promises. */
export const waiting = {
  observe: 'inputs',
  step: 'inputs',
  evaluate: 'inputs',
  predict: 'inputs, options',
  gradients: 'inputs',
  save: 'options',
  load: 'checkpoint',
} as const;
