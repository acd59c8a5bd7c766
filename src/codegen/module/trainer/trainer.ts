// The function createTrainer: counters, entries with their checks, checkpoints and fit, over an engine's memory.
import { constantOf } from '../../../ir/index.js';
import type { Entry, EntryName, TrainerProgram } from '../../../ir/program.js';
import { elementCount, printType, type TensorType } from '../../../ir/types.js';
import type { Buffer } from '../../../ir/scalar.js';
import type { Definition } from '../../text/document.js';
import type { Engine } from '../engine.js';
import { batchSize, printSize, type Layout } from '../layout.js';
import { shortened } from '../../../diagnostics/quote.js';
import { literal, objectOf } from '../../text/quote.js';
import { kernelEntries } from '../profile.js';
import type { FitDefaults } from '../../runtime/fit.js';
import { buffersIn } from '../../uses.js';
import { acceptInputs } from './inputs.js';
import { byMode, fittingRows, requiredOf, requiredOfOutputs } from './requirements.js';
import { outputType, predictInputs, trainingInputs } from './types.js';

/** The functions that check inputs, and a call of the right one in each mode; that for predict is that of step where both take the same. */
export interface Acceptors {
  readonly checks: readonly Definition[];
  call(mode: 'training' | 'evaluation' | 'outputs'): string;
}

export function acceptors(
  program: TrainerProgram,
  layout: Layout,
  engine: Parameters<typeof acceptInputs>[4],
): Acceptors {
  const training = trainingInputs(program);
  const predicting = predictInputs(program);
  const same = training.length === predicting.length && training.every((input, i) => input === predicting[i]);
  const required = requiredOf(program.model);
  const checks = [acceptInputs('accept', 'Inputs', training, layout, engine, required)];
  if (!same)
    checks.push(
      acceptInputs('acceptForOutputs', 'PredictInputs', predicting, layout, engine, requiredOfOutputs(program.model)),
    );
  const call: Acceptors['call'] = (mode) => {
    if (mode === 'outputs' && !same) return 'acceptForOutputs(inputs, m);';
    return byMode(required) ? `accept(inputs, m, ${mode === 'training'});` : 'accept(inputs, m);';
  };
  return { checks, call };
}

/** Everything from the checks of inputs to createTrainer. */
export function trainer(program: TrainerProgram, layout: Layout, engine: Engine): Definition[] {
  const accept = acceptors(program, layout, engine);
  return [...accept.checks, ...checkpoints(program, layout), createTrainer(program, layout, engine, accept)];
}

function createTrainer(program: TrainerProgram, layout: Layout, engine: Engine, accept: Acceptors): Definition {
  const { entries, model } = program;
  const lines = linesOf(program, layout);
  const run = (name: EntryName): string[] => {
    const entry = entries[name];
    return entry ? [...lines.counters(entry), engine.run(name)] : [];
  };
  const written = engine.mirrors ? [engine.mirrors.write] : [];
  const step = (): string => {
    if (!entries.step) return `step() {\n${lines.noStep}\n}`;
    const accumulate = entries.accumulate
      ? lines.accumulate([...run('accumulate'), 'draws++;', `return ${lossesOf(entries.accumulate, layout)};`])
      : [];
    const all = [...run('step'), ...written, 'updates++;', 'draws++;', `return ${lossesOf(entries.step, layout)};`];
    return method('step(inputs)', accept.call('training'), ...accumulate, ...all);
  };
  const evaluate = entries.evaluate && lossesOf(entries.evaluate, layout);
  const kernels = kernelEntries(program).map((name) => `() => {\nconst m = use();\n${engine.run(name)}\n}`);
  const body = [
    ...lines.options,
    `let memory: Memory | undefined = ${engine.asynchronous ? 'await ' : ''}${engine.createMemory};`,
    'const use = (): Memory => {',
    `if (!memory) throw new Error(${literal(`${shortened(model.name)}: this trainer has been disposed of`)});`,
    ...(engine.mirrors ? [engine.mirrors.read] : []),
    'return memory;',
    '};',
    ...lines.start,
    ...reserveAtStart(layout, engine),
    'const trainer: Trainer = {',
    [
      step(),
      method(
        'evaluate(inputs)',
        accept.call('evaluation'),
        ...run('evaluate'),
        `return ${evaluate ?? '{ loss: NaN }'};`,
      ),
      method(
        'predict(inputs, options: object = {})',
        'if (typeof options === "object") checkOptions("predict", options, "");',
        accept.call('outputs'),
        ...run('predict'),
        ...(entries.predict ? [outputsOf(program, entries.predict, layout)] : []),
      ),
      method('gradients(inputs)', accept.call('training'), ...run('gradients'), gradientsOf(entries.gradients, layout)),
      lines.fit(),
      method('get parameters()', ...(engine.mirrors ? [engine.mirrors.handOut] : []), 'return m.parameters;'),
      'get stepCount() {\nreturn updates;\n}',
      method(
        'save(options = {})',
        'checkSaveOptions(options);',
        'const metadata = { format: "nnc", model: model.name, source: model.source };',
        'if (!options.optimizer) return writeTensors(tensorsOf(m), metadata);',
        `return writeTensors(${lines.tensors('m')}, { ...metadata, update: String(updates), draw: String(draws), seed: String(seed) });`,
      ),
      method('load(checkpoint)', ...lines.read, ...written, ...lines.resume),
      `dispose() {\n${engine.dispose ?? ''}\nmemory = undefined;\n}`,
    ].join(',\n'),
    '};',
    'const { parameters } = options;',
    ...(engine.dispose ? ['try {'] : []),
    'if (isCheckpoint(parameters)) trainer.load(parameters);',
    'else if (parameters !== undefined) assignParameters(use().parameters, parameters);',
    ...(engine.dispose ? ['} catch (error) {', 'trainer.dispose();', 'throw error;', '}'] : []),
    kernels.length > 0 ? `return Object.assign(trainer, { kernels: [${kernels.join(', ')}] });` : 'return trainer;',
  ];
  return {
    kind: 'function',
    name: 'createTrainer',
    doc: 'Makes a trainer with parameters of its own.',
    exported: true,
    ...(engine.asynchronous && { async: true }),
    parameters: [{ name: 'options', type: 'TrainerOptions', default: '{}' }],
    returns: engine.asynchronous ? 'Promise<Trainer>' : 'Trainer',
    body: body.join('\n'),
  };
}

/** The lines of createTrainer that do not depend on how its engine answers. */
interface Lines {
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

export function linesOf(program: TrainerProgram, layout: Layout): Lines {
  const { model, slots } = program;
  const { train } = model;
  const counter = (name: string): Buffer | undefined => program.counters.find((c) => c.name === name)?.buffer;
  const seedField = counter('seed');
  const setSeed = seedField ? [`${layout.array(seedField)}[0] = seed;`] : [];
  const hasSlots = slots.length > 0;
  const rows = fittingRows(program);
  const fitting = rows === undefined ? '' : `, fits: ${rows}`;
  return {
    options: ['checkTrainerOptions(options);', `let { seed = ${train.seed} } = options;`],
    start: [
      'let updates = 0;',
      '// Counts calls of step: every one has random draws of its own.',
      'let draws = 0;',
      'initialize(memory, seed);',
      ...(slots.some((s) => s.initial !== 0) ? ['resetOptimizer(memory);'] : []),
      ...setSeed.map((line) => line.replace(/^m\./, 'memory.')),
    ],
    counters(entry) {
      const used = buffersIn(entry.steps);
      return (['update', 'draw'] as const).flatMap((c) => {
        const buffer = counter(c);
        return buffer && used.has(buffer)
          ? [`${layout.array(buffer)}[0] = ${c === 'update' ? 'updates + 1' : 'draws'};`]
          : [];
      });
    },
    noStep: `throw new Error(${literal(`${shortened(model.name)} has no train block, so there is no step to make`)});`,
    accumulate: (lines) => [`if (draws % ${train.accumulate} !== ${train.accumulate - 1}) {`, ...lines, '}'],
    fit: (more = '') =>
      `fit(data, options = {}) {\nuse();\nreturn fitTrainer(trainer, seed, { epochs: ${train.epochs}, batch: ${train.batch}, validation: ${train.validation}, rows: ${literal(rowsOf(program))}${fitting}${more} }, data, options);\n}`,
    tensors: (memory) => (hasSlots ? `[...tensorsOf(${memory}), ...optimizerOf(${memory})]` : `tensorsOf(${memory})`),
    read: [
      `const counts = readTensors(bytesOf(checkpoint), tensorsOf(m), ${hasSlots ? 'optimizerOf(m)' : '[]'});`,
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
  return [`${head} {`, 'const m = use();', ...lines, '}'].join('\n');
}

function lossesOf(entry: Entry, layout: Layout): string {
  const fields = new Map(entry.results.map((r) => [r.name, `${layout.array(r.buffer)}[0]`]));
  return objectOf(fields);
}

function outputsOf(program: TrainerProgram, entry: Entry, layout: Layout): string {
  const inCall = { sizes: layout.sizes.map((s) => ({ ...s, variable: s.now })) };
  const fields = entry.results.map((r) => {
    const type = program.outputs.find((o) => o.name === r.name)?.type ?? scalarType;
    const copy = `${layout.array(r.buffer)}.slice(0, ${printSize(elementCount(type), inCall, 'm.')})`;
    return [r.name, outputType(type) === 'Uint8Array' ? `Uint8Array.from(${copy})` : copy] as const;
  });
  return `return ${objectOf(fields)};`;
}

const scalarType: TensorType = { element: { kind: 'f32' }, shape: [] };

function gradientsOf(entry: Entry | undefined, layout: Layout): string {
  const [loss, ...rest] = entry?.results ?? [];
  if (!loss) return 'throw new Error("there are no gradients");';
  const fields = rest.map((r) => [r.name, `${layout.array(r.buffer)}.slice()`] as const);
  return `return { loss: ${layout.array(loss.buffer)}[0], gradients: ${objectOf(fields)} };`;
}

function reserveAtStart(layout: Layout, engine: Engine): string[] {
  if (layout.sizes.length === 0 || engine.reserves) return [];
  const others = layout.sizes.slice(1).map(() => '1');
  return [`if (options.batch !== undefined) reserve(memory, ${['options.batch', ...others].join(', ')});`];
}

/** The functions `tensorsOf` and `optimizerOf`: what checkpoints hold. */
export function checkpoints(program: TrainerProgram, layout: Layout): Definition[] {
  const tensor = (name: string, type: TensorType, buffer: Buffer): string =>
    `{ name: ${literal(name)}, shape: [${type.shape.map((d) => constantOf(d.size)).join(', ')}], data: ${layout.array(buffer)} }`;
  const list = (name: string, doc: string, tensors: readonly string[]): Definition => ({
    kind: 'function',
    name,
    doc,
    parameters: [{ name: tensors.length > 0 ? 'm' : '_m', type: 'Memory' }],
    returns: 'Tensor[]',
    body: `return [\n${tensors.join(',\n')}\n];`,
  });
  const functions = [
    list(
      'tensorsOf',
      'What a checkpoint holds.',
      [...program.parameters, ...program.states].map((t) => tensor(t.name, t.type, t.buffer)),
    ),
  ];
  if (program.slots.length > 0)
    functions.push(
      list(
        'optimizerOf',
        'What a checkpoint holds for the optimizer.',
        program.slots.map((s) => tensor(`optimizer/${s.parameter}/${s.name}`, s.type, s.buffer)),
      ),
    );
  return functions;
}

/** Each input whose first dimension is the batch, with its type and the values of a row: 0 where only its shape tells. */
function rowsOf(program: TrainerProgram): FitDefaults['rows'] {
  const batch = batchSize(program);
  const rows: [string, string, number][] = [];
  for (const { name, type } of trainingInputs(program)) {
    const [first, ...rest] = type.shape;
    const [term] = first?.size.terms ?? [];
    const [atom] = term?.atoms ?? [];
    if (batch === undefined || atom?.kind !== 'size' || atom.name !== batch || first.size.terms.length !== 1) continue;
    rows.push([name, printType(type), constantOf(elementCount({ ...type, shape: rest })) ?? 0]);
  }
  return rows;
}
