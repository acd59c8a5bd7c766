// The function createTrainer for WebGPU: what a call changes is decided before its first await, so calls keep their order.
import type { Entry, EntryName, TrainerProgram } from '../../ir/program.js';
import type { Definition } from '../text/document.js';
import { runnerOf } from '../module/engine.js';
import { printSize, type Layout } from '../module/layout.js';
import { shortened } from '../../diagnostics/quote.js';
import { literal, objectOf } from '../text/quote.js';
import { acceptors, checkpoints, linesOf, method, type Acceptors } from '../module/trainer/trainer.js';
import { outputType } from '../module/trainer/types.js';
import { lengthOf, resultsOf, type GpuEngine } from './module.js';

/** Everything from the checks of inputs to createTrainer. */
export function gpuTrainer(program: TrainerProgram, layout: Layout, engine: GpuEngine): Definition[] {
  const accept = acceptors(program, layout, engine);
  return [...accept.checks, ...checkpoints(program, layout), createTrainer(program, layout, engine, accept)];
}

function createTrainer(program: TrainerProgram, layout: Layout, engine: GpuEngine, accept: Acceptors): Definition {
  const { entries, model } = program;
  const lines = linesOf(program, layout);
  const run = (name: EntryName): string[] => {
    const entry = entries[name];
    return entry ? [...lines.counters(entry), `const run = ${runnerOf(name)}(m);`] : [];
  };
  const losses = (entry: Entry): string[] => scalarsOf(entry, layout, engine);
  const step = (): string => {
    if (!entries.step) return `async step() {\n${lines.noStep}\n}`;
    const accumulate = entries.accumulate
      ? lines.accumulate([...run('accumulate'), 'draws++;', ...losses(entries.accumulate)])
      : [];
    const all = [...run('step'), 'updates++;', 'draws++;', ...losses(entries.step)];
    return method('async step(inputs)', accept.call('training'), ...accumulate, ...all);
  };
  const metadata = 'format: "nnc", model: model.name, source: model.source';
  const resume = 'update: String(updates), draw: String(draws), seed: String(seed)';
  const body = [
    ...lines.options,
    'let memory: Memory | undefined = await createMemory(options);',
    'const use = (): Memory => {',
    `if (!memory) throw new Error(${literal(`${shortened(model.name)}: this trainer has been disposed of`)});`,
    'if (memory.gpu.lost) throw memory.gpu.lost;',
    'return memory;',
    '};',
    ...lines.start,
    'const trainer: Trainer = {',
    [
      step(),
      method(
        'async evaluate(inputs)',
        accept.call('evaluation'),
        ...run('evaluate'),
        ...(entries.evaluate ? losses(entries.evaluate) : ['return { loss: NaN };']),
      ),
      method(
        'async predict(inputs, options: object = {})',
        'if (typeof options === "object") checkOptions("predict", options, "");',
        accept.call('outputs'),
        ...run('predict'),
        ...(entries.predict ? outputsOf(program, entries.predict, layout, engine) : []),
      ),
      method(
        'async gradients(inputs)',
        accept.call('training'),
        ...run('gradients'),
        ...gradientsOf(program, layout, engine),
      ),
      lines.fit(', ahead: 2'),
      'async read() {\nreturn (await download(use())).parameters;\n}',
      'get stepCount() {\nreturn updates;\n}',
      method(
        'async save(options = {})',
        'checkSaveOptions(options);',
        `const resume = { ${resume} };`,
        'const now = await download(m);',
        `const metadata = { ${metadata} };`,
        'if (!options.optimizer) return writeTensors(tensorsOf(now), metadata);',
        `return writeTensors(${lines.tensors('now')}, { ...metadata, ...resume });`,
      ),
      method('async load(checkpoint)', ...lines.read, 'upload(m);', ...lines.resume),
      'dispose() {\nif (memory) closeGpu(memory.gpu);\nmemory = undefined;\n}',
    ].join(',\n'),
    '};',
    'const { parameters } = options;',
    'try {',
    'if (isCheckpoint(parameters)) await trainer.load(parameters);',
    'else if (parameters !== undefined) assignParameters(memory.parameters, parameters);',
    '} catch (error) {',
    'trainer.dispose();',
    'throw error;',
    '}',
    'upload(memory);',
    'return trainer;',
  ];
  return {
    kind: 'function',
    name: 'createTrainer',
    doc: 'Makes a trainer with parameters of its own.',
    exported: true,
    async: true,
    parameters: [{ name: 'options', type: 'TrainerOptions', default: '{}' }],
    returns: 'Promise<Trainer>',
    body: body.join('\n'),
  };
}

/** Losses and metrics: those that the host has itself are read before the call is waited for. */
function scalarsOf(entry: Entry, layout: Layout, { call }: GpuEngine): string[] {
  const returned = resultsOf(entry, call).map((r) => r.name);
  const all = new Map(entry.results.map((r) => [r.name, r.buffer]));
  const own = [...all].filter(([, buffer]) => call.has(buffer));
  const known = own.map(([name, buffer]) => [name, `${layout.array(buffer)}[0]`] as const);
  const values = [...all.keys()].map((name) => {
    const at = returned.lastIndexOf(name);
    return [name, at < 0 ? `known[${literal(name)}]` : `values[${at}]`] as const;
  });
  return [
    ...(known.length > 0 ? [`const known = ${objectOf(known)};`] : []),
    'const values = new Float32Array(await run);',
    `return ${objectOf(values)};`,
  ];
}

function outputsOf(program: TrainerProgram, entry: Entry, layout: Layout, { call }: GpuEngine): string[] {
  const inCall = { sizes: layout.sizes.map((s) => ({ ...s, variable: s.now })) };
  const returned = resultsOf(entry, call);
  const lengths = returned.map((r) => printSize(lengthOf(entry, r.name, r.buffer, program), inCall, 'm.'));
  const known = entry.results.filter((r) => call.has(r.buffer));
  const fields = [
    ...returned.map((r, i) => {
      const type = program.outputs.find((o) => o.name === r.name)?.type;
      const array = type ? outputType(type) : 'Float32Array';
      const words = `new ${r.buffer.dtype === 'f32' ? 'Float32Array' : 'Int32Array'}(parts[${i}])`;
      return [r.name, array === 'Uint8Array' ? `Uint8Array.from(${words})` : words] as const;
    }),
    ...known.map((r) => [r.name, `${layout.array(r.buffer)}.slice()`] as const),
  ];
  if (returned.length === 0) return ['await run;', `return ${objectOf(fields)};`];
  // The sizes of this call, before another one begins.
  return [
    `const lengths = [${lengths.join(', ')}];`,
    'const parts = takeApart(await run, lengths);',
    `return ${objectOf(fields)};`,
  ];
}

function gradientsOf(program: TrainerProgram, layout: Layout, { call }: GpuEngine): string[] {
  const entry = program.entries.gradients;
  if (!entry || entry.results.length === 0) return ['throw new Error("there are no gradients");'];
  const returned = resultsOf(entry, call);
  const lengths = returned.map((r) => printSize(r.buffer.length, layout, 'm.'));
  const value = (result: Entry['results'][number]): string => {
    const at = returned.indexOf(result);
    return at < 0 ? `${layout.array(result.buffer)}.slice()` : `new Float32Array(parts[${at}])`;
  };
  const [loss, ...rest] = entry.results;
  const fields = rest.map((r) => [r.name, value(r)] as const);
  return [
    `const parts = takeApart(await run, [${lengths.join(', ')}]);`,
    `return { loss: ${value(loss)}[0], gradients: ${objectOf(fields)} };`,
  ];
}
