// The engine of WebGPU: shaders as text, one memory of floats and one of integers, entries as lists of dispatches.
import { constantOf, type Index } from '../../ir/index.js';
import type { Entry, Step, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Definition } from '../text/document.js';
import { runnerOf, type Engine } from '../module/engine.js';
import { printHost, type Host } from '../module/host.js';
import { arrayTypes, printSize, type Layout } from '../module/layout.js';
import type { Scope } from '../text/names.js';
import { comment, literal, objectOf, templateText } from '../text/quote.js';
import { callOf, depthOf, listOf, type Call } from './call.js';
import { answersOfGpu } from './answers.js';
import { lengthOf, resultsOf } from './results.js';
import { printShaders, type ShaderText } from './shaders.js';

/** Prints memory, shaders and entries. */
export function wgslEngine(program: TrainerProgram, layout: Layout): Engine {
  const call = callOf(program, layout);
  const host = printHost(program, layout);
  const shaders = printShaders(program, call);
  const write = (memory: 'floats' | 'integers', field: string, rest: string): string => {
    const [buffer] = [...layout.fields].find(([, name]) => name === field) ?? [];
    if (!buffer) throw new Error(`${field} is no field`);
    return `m.gpu.device.queue.writeBuffer(m.gpu.${memory}, ${bytes(offsetOf(program, layout, buffer))}, ${rest});`;
  };
  return {
    target: 'wgsl',
    asynchronous: true,
    answers: answersOfGpu(program, layout, call),
    definitions: [
      ...memory(program, layout, call, shaders),
      ...host.definitions,
      ...Object.values(program.entries).map((entry) => runner(entry, program, layout, call, host, shaders)),
      ...texts(shaders),
    ],
    createMemory: 'createMemory(options)',
    reserves: true,
    parameters: 'async read() {\nreturn (await download(use())).parameters;\n}',
    used: 'if (memory.gpu.lost) throw memory.gpu.lost;',
    loaded: 'upload(m);',
    ready: 'upload(memory);',
    fetch: 'await download(m)',
    ahead: 2,
    dispose: 'if (memory) closeGpu(memory.gpu);',
    placeFloats: (field, variable) => write('floats', field, variable),
    placeIntegers: (field, variable) => write('integers', field, `m.${field}, 0, ${variable}.length`),
  };
}

/** The shaders, and what they need of totals in two forms. */
function texts({ text, totals }: ShaderText): Definition[] {
  const print = (name: string, code: string): Definition => ({
    kind: 'text',
    text: `const ${name} = /* wgsl */ \`\n${templateText(code)}\n\`;`,
  });
  return [
    print('shaders', text),
    ...(totals ? [print('totals', totals.tree), print('subgroupTotals', totals.subgroups)] : []),
  ];
}

function bytes(words: string): string {
  return /^\d+$/.test(words) ? String(4 * Number(words)) : `4 * (${words})`;
}

function inSizes(index: Index, layout: Layout, kind: 'now' | 'room'): string {
  return printSize(index, { sizes: layout.sizes.map((s) => ({ ...s, variable: s[kind] })) }, 'm.');
}

/** Where a buffer begins in its memory, in words. */
function offsetOf(program: TrainerProgram, layout: Layout, buffer: Buffer): string {
  const offset = program.memory.offsets.get(buffer);
  if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
  return inSizes(offset, layout, 'room');
}

/** The function that runs an entry: the host's kernels, the device's, and what comes back. */
function runner(
  entry: Entry,
  program: TrainerProgram,
  layout: Layout,
  call: Call,
  host: Host,
  shaders: ShaderText,
): Definition {
  const before: string[] = [];
  const scope = layout.module.inside(['run']);
  const dispatches = (steps: readonly Step[], inside: Scope): string[] =>
    steps.flatMap((step) => {
      if (step.kind === 'repeat') {
        const within = inside.inside();
        const at = within.take(step.axis.name);
        const round = `turn(run, ${call.turns.get(step.axis) ?? 0}, ${at});`;
        const body = [round, ...dispatches(step.steps, within)];
        return [`for (let ${at} = 0; ${at} < ${inSizes(step.axis.extent, layout, 'now')}; ${at}++) {`, ...body, '}'];
      }
      const called = host.call(step);
      if (called !== undefined) {
        before.push(called);
        return [];
      }
      const [groups] = step.kernel.grid ?? [];
      if (!groups) throw new Error(`${step.kernel.name} has no grid`);
      const list = listOf(call, step);
      const more = list === undefined ? '' : `, ${list}`;
      const whose = step.copy === undefined ? '' : ` ${comment([step.copy])}`;
      return [`dispatch(run, "${shaders.names.get(step.kernel)}", ${inSizes(groups, layout, 'now')}${more});${whose}`];
    });
  const calls = dispatches(entry.steps, scope);
  const results = resultsOf(entry, call).map(({ name, buffer }) => {
    const memory = buffer.dtype === 'f32' ? 'floats' : 'integers';
    const length = lengthOf(entry, name, buffer, program);
    return `{ from: m.gpu.${memory}, at: ${offsetOf(program, layout, buffer)}, length: ${inSizes(length, layout, 'now')} }`;
  });
  return {
    kind: 'function',
    name: runnerOf(entry.name),
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'Promise<ArrayBuffer>',
    body: [...before, 'const run = begin(m);', ...calls, `return finishRun(run, [${results.join(', ')}]);`].join('\n'),
  };
}

/** Tensors that live across calls, at the start of a memory. */
function persistentIn(layout: Layout, call: Call, floats: boolean): [Buffer, string][] {
  return [...layout.fields].filter(
    ([b]) =>
      (b.dtype === 'f32') === floats && !['input', 'arena', 'scratch', 'workgroup'].includes(b.space) && !call.has(b),
  );
}

/** The interface Memory, and the functions that make it, let it grow, and bring it to the device and back. */
function memory(program: TrainerProgram, layout: Layout, call: Call, shaders: ShaderText): Definition[] {
  const { sizes } = layout;
  const depth = depthOf(call);
  const rounds = [...call.turns.keys()].map((axis) => axis.extent);
  const start = (buffer: Buffer): number => constantOf(program.memory.offsets.get(buffer) ?? buffer.length) ?? 0;
  const length = (buffer: Buffer): number => constantOf(buffer.length) ?? 0;
  const kinds = [
    { floats: true, name: 'persistent', type: 'Float32Array', memory: 'floats' },
    { floats: false, name: 'persistentIntegers', type: 'Int32Array', memory: 'integers' },
  ].map((kind) => {
    const buffers = persistentIn(layout, call, kind.floats);
    const words = Math.max(4, ...buffers.map(([b]) => 4 * Math.ceil((start(b) + length(b)) / 4)));
    return { ...kind, buffers, words };
  });
  const kept = kinds.filter((k) => k.buffers.length > 0 || k.floats);
  const scalars = call.fields.flatMap((f, at) =>
    f.of.kind === 'scalar' ? [{ field: f.field, at, type: arrayTypes[f.type] }] : [],
  );
  const integers = program.inputs.flatMap(({ buffer, type }) => {
    const field = layout.fields.get(buffer);
    return field !== undefined && type.element.kind !== 'f32' ? [{ field, buffer }] : [];
  });
  const lists = call.given.map(
    ({ words }) =>
      `[${words.map((w) => (typeof w === 'number' ? String(w) : offsetOf(program, layout, w))).join(', ')}]`,
  );
  const counts = [depth, call.given.length];
  const more = counts
    .slice(0, counts.findLastIndex((n) => n > 0) + 1)
    .map((n) => `, ${n}`)
    .join('');
  const rooms = [program.model.train.batch, ...sizes.slice(1).map(() => 1)];
  const words = kinds.map((k) => `${k.memory}: ${k.words}`).join(', ');
  const { length: floats, integers: ints } = program.memory;
  const need = [floats, ints].map((n) => (n && n.terms.length > 0 ? printSize(n, layout) : '4'));
  const views = kept.flatMap((k) =>
    k.buffers.map(([b, field]) => `${field}: ${k.name}.subarray(${start(b)}, ${start(b) + length(b)})`),
  );
  const parameters = program.parameters.map((p) => [p.name, `views.${layout.fields.get(p.buffer) ?? ''}`] as const);
  const constants = kept.flatMap((k) =>
    k.buffers.flatMap(([b, field]) => (b.data ? [`m.${field}.set([${b.data.map(String).join(', ')}]);`] : [])),
  );
  const given = kept.map((k) => ({ name: k.name, type: k.type }));
  const names = given.map((k) => k.name).join(', ');
  const fresh = kept.map((k) => `new ${k.type}(${k.words})`);
  let at = 0;
  const copies = kept.map((k) => `new ${k.type}(data, ${4 * (at += k.words) - 4 * k.words}, ${k.words})`);
  const stepKernels = new Set(
    [program.entries.step ?? program.entries.predict]
      .flatMap((e) => e?.steps ?? [])
      .flatMap((s) => (s.kind === 'run' ? [shaders.names.get(s.kernel)] : [])),
  );
  const first = [...stepKernels].flatMap((n) => (n === undefined ? [] : [`"${n}"`])).join(', ');
  return [
    {
      kind: 'interface',
      name: 'Memory',
      doc: 'The memory of the kernels, and what JavaScript has of it: tensors that live across calls as they were last brought here.',
      properties: [
        { name: 'gpu', type: 'Gpu' },
        { name: 'call', type: 'ArrayBuffer' },
        { name: 'words', type: 'Int32Array' },
        ...sizes.flatMap((s) => [
          { name: s.now, type: 'number', doc: `The size ${s.size} of this call, and what there is room for.` },
          { name: s.room, type: 'number' },
        ]),
        ...scalars.map(({ field, type }) => ({ name: field, type })),
        ...integers.map(({ field }) => ({ name: field, type: 'Int32Array' })),
        ...given,
        ...kept.flatMap((k) => k.buffers.map(([, field]) => ({ name: field, type: k.type }))),
        { name: 'parameters', type: 'Record<ParameterName, Float32Array>' },
      ],
    },
    {
      kind: 'function',
      name: 'createMemory',
      doc: 'A device with memory for the expected sizes.',
      async: true,
      parameters: [{ name: sizes.length > 0 ? '{ device, batch }' : '{ device }', type: 'TrainerOptions' }],
      returns: 'Promise<Memory>',
      body: [
        `const call = new ArrayBuffer(${16 * Math.max(1, Math.ceil(call.fields.length / 4))});`,
        `const m: Memory = {\n${[
          `gpu: await openGpu(model.name, device, { shaders${shaders.totals ? ', totals, subgroupTotals' : ''} }, [${first}], call.byteLength${more})`,
          'call',
          'words: new Int32Array(call)',
          ...sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]),
          ...scalars.map((s) => `${s.field}: new ${s.type}(call, ${4 * s.at}, 1)`),
          ...integers.map(({ field }) => `${field}: new Int32Array(0)`),
          `...viewsOf(${fresh.join(', ')})`,
        ].join(',\n')},\n};`,
        ...constants,
        'try {',
        `reserve(${['m', ...rooms.map((r, i) => (i === 0 ? `batch ?? ${r}` : String(r))).slice(0, sizes.length)].join(', ')});`,
        '} catch (error) {',
        'closeGpu(m.gpu);',
        'throw error;',
        '}',
        'return m;',
      ].join('\n'),
    },
    {
      kind: 'function',
      name: 'viewsOf',
      doc: 'The tensors that live across calls, where the memories begin with them.',
      parameters: given,
      returns: `Pick<Memory, ${[...given.map((g) => g.name), ...kept.flatMap((k) => k.buffers.map(([, f]) => f)), 'parameters'].map(literal).join(' | ')}>`,
      body: [
        `const views = {\n${views.join(',\n')}\n};`,
        `return { ${names}, ...views, parameters: ${objectOf(parameters)} };`,
      ].join('\n'),
    },
    {
      kind: 'function',
      name: 'reserve',
      doc: 'Makes room for these sizes. Where memory grows, the tensors that live across calls move with it.',
      parameters: [{ name: 'm', type: 'Memory' }, ...sizes.map((s) => ({ name: s.variable, type: 'number' }))],
      returns: 'void',
      body: [
        ...(depth > 0
          ? [`growTurns(m.gpu, ${rounds.map((r) => printSize(r, layout)).reduce((a, b) => `Math.max(${a}, ${b})`)});`]
          : []),
        `growGpu(m.gpu, { floats: ${need[0]}, integers: ${need[1]} }, { ${words} });`,
        ...integers.map(({ field, buffer }) => `m.${field} = new Int32Array(${printSize(buffer.length, layout)});`),
        ...sizes.map((s) => `m.${s.room} = ${s.variable};`),
        ...(call.given.length > 0 ? [`giveGpu(m.gpu, [\n${lists.join(',\n')},\n]);`] : []),
      ].join('\n'),
    },
    {
      kind: 'function',
      name: 'upload',
      doc: 'Brings the tensors that live across calls to the device.',
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'void',
      body: kept.map((k) => `m.gpu.device.queue.writeBuffer(m.gpu.${k.memory}, 0, m.${k.name});`).join('\n'),
    },
    {
      kind: 'function',
      name: 'download',
      doc: 'The memory with copies of the tensors that live across calls, as they are on the device.',
      async: true,
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'Promise<Memory>',
      body: [
        `const data = await finishRun(begin(m), [${kept.map((k) => `{ from: m.gpu.${k.memory}, at: 0, length: ${k.words} }`).join(', ')}]);`,
        `return { ...m, ...viewsOf(${copies.join(', ')}) };`,
      ].join('\n'),
    },
    {
      kind: 'function',
      name: 'begin',
      doc: 'Begins a call with the sizes and scalars that there are now.',
      parameters: [{ name: 'm', type: 'Memory' }],
      returns: 'GpuRun',
      body: [
        ...call.fields.flatMap((f, i) => (f.of.kind === 'scalar' ? [] : [`m.words[${i}] = m.${f.field};`])),
        'return beginRun(m.gpu, m.call);',
      ].join('\n'),
    },
  ];
}
