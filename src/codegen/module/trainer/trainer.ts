// The trainer, described once for every engine: the checks of inputs, and the function createTrainer with its methods, which an engine
// answers at once or with promises.
import { roomsAtFirst } from '../expectedSizes.js';
import type { Entry, EntryName, TrainerProgram } from '../../../ir/program.js';
import type { Definition } from '../../text/definition.js';
import type { Engine } from '../engine.js';
import type { Layout } from '../layout.js';
import { shortened } from '../../../diagnostics/quote.js';
import { literal } from '../../text/quote.js';
import { kernelEntries } from '../profile.js';
import { checkpoints } from './checkpoints.js';
import { acceptInputs } from './inputs.js';
import { linesOf, method, parametersOf, settingMembers, type Lines, type waiting } from './lines.js';
import { gradientsOfPlayer, isPlayed, playersObject, stepOfPlayers } from './players.js';
import { byMode, requiredOf, requiredOfOutputs } from './requirements.js';
import { hasLoss, predictInputs, trainingInputs } from './types.js';

/** The functions that check inputs, and a call of the right one in each mode; that for predict is that of step where both take the same. */
interface Acceptors {
  readonly checks: readonly Definition[];
  call(mode: 'training' | 'evaluation' | 'outputs'): string;
}

function acceptors(program: TrainerProgram, layout: Layout, engine: Engine): Acceptors {
  const predicting = predictInputs(program);
  const least = engine.reserves ? undefined : roomsAtFirst(program, layout.sizes).least;
  const outputs = requiredOfOutputs(program.model);
  if (!hasLoss(program)) {
    const check = acceptInputs('accept', 'PredictInputs', predicting, layout, engine, outputs, least);
    return { checks: [check], call: () => 'accept(inputs, m);' };
  }
  const training = trainingInputs(program);
  const same = training.length === predicting.length && training.every((input, i) => input === predicting[i]);
  const required = requiredOf(program.model);
  const checks = [acceptInputs('accept', 'Inputs', training, layout, engine, required, least)];
  if (!same) checks.push(acceptInputs('acceptForOutputs', 'PredictInputs', predicting, layout, engine, outputs, least));
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
  const lines = linesOf(program, layout, engine);
  const { promised, run } = engine.answers;
  const kernels = promised ? [] : kernelEntries(program).map((name) => `() => {\nconst m = use();\n${run(name)}\n}`);
  const body = [
    ...lines.options,
    `let memory: Memory | undefined = ${engine.asynchronous ? 'await ' : ''}${engine.createMemory};`,
    'const use = (): Memory => {',
    `if (!memory) throw new Error(${literal(`${shortened(program.model.name)}: this trainer has been disposed of`)});`,
    engine.used ?? '',
    'return memory;',
    '};',
    ...lines.start,
    ...(program.entries.observe
      ? ['// Whether what is to be known of the data has been gathered.', 'let observed = false;']
      : []),
    ...reserveAtStart(program, layout, engine),
    isPlayed(program) ? playersObject(program, lines, engine) : '',
    'const trainer: Trainer = {',
    methods(program, layout, engine, accept).join(',\n'),
    '};',
    'const { parameters } = options;',
    ...(engine.dispose ? ['try {'] : []),
    `if (isCheckpoint(parameters)) ${promised ? 'await ' : ''}trainer.load(parameters);`,
    'else if (parameters !== undefined) {',
    `assignParameters(${promised ? 'memory' : 'use()'}.parameters, parameters);`,
    program.averages.length > 0 ? `resetAverages(${promised ? 'memory' : 'use()'});` : '',
    '}',
    ...(engine.dispose ? ['} catch (error) {', 'trainer.dispose();', 'throw error;', '}'] : []),
    engine.ready ?? '',
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
    body: body.filter((line) => line !== '').join('\n'),
  };
}

/** The members of the trainer, in order. */
function methods(program: TrainerProgram, layout: Layout, engine: Engine, accept: Acceptors): string[] {
  const { answers } = engine;
  const lines = linesOf(program, layout, engine);
  const head: Head = (name, more = '') =>
    `${answers.promised ? 'async ' : ''}${name}(${parametersOf(program, name)}${more})`;
  const { step, evaluate, predict, gradients, observe } = runs(program, lines, engine, accept, head);
  const learning = (...members: readonly string[]): readonly string[] => (hasLoss(program) ? members : []);
  return [
    ...learning(step, evaluate),
    ...observe,
    predict,
    ...learning(gradients, lines.fit(engine.ahead === undefined ? '' : `, ahead: ${engine.ahead}`)),
    engine.parameters,
    ...learning(`get stepCount() {\nreturn ${lines.stepCount};\n}`, ...settingMembers(program), ...lines.scaleMember),
    save(program, lines, engine, head),
    method(
      head('load'),
      ...lines.read,
      engine.loaded ?? '',
      ...lines.resume,
      program.entries.observe ? `observed = ${holdsObserved(program, layout)};` : '',
    ),
    `dispose() {\n${engine.dispose ?? ''}\nmemory = undefined;\n}`,
  ];
}

/** Whether a checkpoint that has been read holds what is observed: else its states are as they begin. */
function holdsObserved({ states, model }: TrainerProgram, layout: Layout): string {
  const own = states.filter(({ name }) => model.observed.some((o) => o.name === name));
  const differs = own.map(({ initial, buffer }) =>
    initial.kind === 'fill'
      ? `${layout.array(buffer)}.some((value) => value !== ${Math.fround(initial.value)})`
      : 'true',
  );
  return differs.join(' || ');
}

/** The head of a method; `more`: what its parameters end in. */
type Head = (name: keyof typeof waiting, more?: string) => string;

/** What is learnt of the data would change what the network has learnt from. */
const tooLate = 'observe: a step has been made, and what is to be known of the data is gathered before the first one';

/** The method that makes a step. */
function stepMethod(program: TrainerProgram, lines: Lines, engine: Engine, accept: Acceptors, head: string): string {
  const { answers } = engine;
  const { entries } = program;
  if (isPlayed(program)) {
    const { before, after } = stepOfPlayers(program, engine);
    return method(head, before, accept.call('training'), ...after);
  }
  if (!entries.step) return `${head.replace('inputs', '')} {\n${lines.noStep}\n}`;
  const pass = (entry: Entry, ...after: readonly string[]): string[] => [
    ...lines.counters(entry),
    ...lines.updating(answers.run(entry.name)),
    ...after,
    'draws++;',
    ...answers.scalars(entry),
  ];
  const accumulate = entries.accumulate ? lines.accumulate(pass(entries.accumulate)) : [];
  const all = pass(entries.step, engine.stepped ?? '', lines.updated);
  return method(head, accept.call('training'), ...accumulate, ...all);
}

/** The methods that run an entry each. */
function runs(program: TrainerProgram, lines: Lines, engine: Engine, accept: Acceptors, head: Head) {
  const { answers } = engine;
  const { entries } = program;
  const run = (name: EntryName): string[] => {
    const entry = entries[name];
    return entry ? [...lines.counters(entry), answers.run(name)] : [];
  };
  const { evaluate, predict, gradients } = entries;
  const player = isPlayed(program) ? gradientsOfPlayer(engine) : undefined;
  return {
    step: stepMethod(program, lines, engine, accept, head('step')),
    observe: entries.observe
      ? [
          method(
            head('observe'),
            `if (${lines.calls} > 0) throw new Error(${literal(tooLate)});`,
            accept.call('evaluation'),
            ...run('observe'),
            'observed = true;',
            answers.promised ? 'await run;' : '',
          ),
        ]
      : [],
    evaluate: method(
      head('evaluate'),
      accept.call('evaluation'),
      ...run('evaluate'),
      ...(evaluate ? answers.scalars(evaluate) : []),
    ),
    predict: method(
      head('predict', ' = {}'),
      'checkPredictOptions(options);',
      accept.call('outputs'),
      ...(predict ? lines.seeded(predict, answers.run('predict')) : []),
      ...(predict ? answers.outputs(predict) : []),
    ),
    gradients: method(
      head('gradients'),
      player?.before ?? '',
      accept.call('training'),
      player?.after ?? '',
      ...run('gradients'),
      ...(gradients && gradients.results.length > 0
        ? answers.gradients(gradients)
        : ['throw new Error("there are no gradients");']),
    ),
  };
}

/** What is saved is what there is now, before anything is waited for. */
function save({ model: { adapters } }: TrainerProgram, lines: Lines, { fetch }: Engine, head: Head): string {
  const held = fetch === undefined ? 'm' : 'now';
  const resume = lines.saved;
  const plain = `mergeAdapters(tensorsOf(${held}), ${literal(adapters)})`;
  return method(
    head('save', ' = {}'),
    'checkSaveOptions(options);',
    ...(fetch === undefined ? [] : [`const resume = { ${resume} };`, `const now = ${fetch};`]),
    'const metadata = { format: "nnc", model: model.name, source: model.source };',
    ...(adapters.length > 0 ? [`if (options.merged) return writeTensors(${plain}, metadata);`] : []),
    `if (!options.optimizer) return writeTensors(tensorsOf(${held}), metadata);`,
    `return writeTensors(${lines.tensors(held)}, { ...metadata, ${fetch === undefined ? resume : '...resume'} });`,
  );
}

function reserveAtStart(program: TrainerProgram, layout: Layout, engine: Engine): string[] {
  if (layout.sizes.length === 0 || engine.reserves) return [];
  const rooms = roomsAtFirst(program, layout.sizes);
  const [least, ...others] = rooms.coupled ? rooms.expected : rooms.least;
  const first = rooms.coupled ? least : least > 1 ? `Math.max(${least}, options.batch)` : 'options.batch';
  return [`if (options.batch !== undefined) reserve(memory, ${[first, ...others].join(', ')});`];
}
