// The memory of WebGPU as JavaScript sees it: its interface, and the functions that make it, let it grow, and bring it to the device and back.
import { firstSize, roomsAtFirst } from '../module/expectedSizes.js';
import { constant, div, type Index } from '../../ir/index.js';
import { stepOf, type TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { arrayTypes, parameterTypes, printSize, type Layout } from '../module/layout.js';
import type { Definition } from '../text/definition.js';
import { elementsOf, membersOf } from '../text/progressions.js';
import { literal } from '../text/quote.js';
import { depthOf, type Call } from './call.js';
import { fieldsIn, offsetOf, persistentOf, type Persistent } from './persistent.js';
import type { ShaderText } from './shaders.js';

/** What it is printed from. */
interface MemoryParts {
  readonly program: TrainerProgram;
  readonly layout: Layout;
  readonly call: Call;
  readonly shaders: ShaderText;
  readonly persistent: readonly Persistent[];
  /** Those that hold something, and floats in any case. */
  readonly kept: readonly Persistent[];
  /** Words of the call's uniform that the host computes. */
  readonly scalars: readonly { readonly field: string; readonly at: number; readonly type: string }[];
  /** Inputs that are checked into an array of their own before they go to the device. */
  readonly integers: readonly { readonly field: string; readonly buffer: Buffer }[];
}

export function printMemory(
  program: TrainerProgram,
  layout: Layout,
  call: Call,
  shaders: ShaderText,
): readonly Definition[] {
  const persistent = persistentOf(program, layout, call);
  const kept = persistent.filter((k) => k.tensors.length > 0 || k.memory === 'floats');
  const scalars = call.fields.flatMap((f, at) =>
    f.of.kind === 'scalar' ? [{ field: f.field, at, type: arrayTypes[f.type] }] : [],
  );
  const integers = program.inputs.flatMap(({ buffer, type }) => {
    const field = layout.fields.get(buffer);
    return field !== undefined && type.element.kind !== 'f32' ? [{ field, buffer }] : [];
  });
  const parts: MemoryParts = { program, layout, call, shaders, persistent, kept, scalars, integers };
  return [memoryInterface, createMemory, viewsOf, reserve, upload, download, begin].map((print) => print(parts));
}

function memoryInterface({ layout, kept, scalars, integers }: MemoryParts): Definition {
  const { sizes } = layout;
  return {
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
      ...kept.map((k) => ({ name: k.name, type: k.type })),
      ...kept.flatMap((k) => fieldsIn(k).map(({ name, list }) => ({ name, type: list ? `${k.type}[]` : k.type }))),
      { name: 'parameters', type: 'Record<ParameterName, Float32Array>' },
    ],
  };
}

function createMemory({ program, layout, call, shaders, kept, scalars, integers }: MemoryParts): Definition {
  const { sizes } = layout;
  const counts = [depthOf(call), call.given.length];
  const more = counts
    .slice(0, counts.findLastIndex((n) => n > 0) + 1)
    .map((n) => `, ${n}`)
    .join('');
  const rooms = roomsAtFirst(program, sizes);
  const constants = kept.flatMap((k) =>
    k.tensors.flatMap(({ field, data }) => (data ? [`m.${field}.set([${data.map(String).join(', ')}]);`] : [])),
  );
  const fresh = kept.map((k) => `new ${k.type}(${k.words})`);
  const first = firstKernels(program, shaders);
  return {
    kind: 'function',
    name: 'createMemory',
    doc: 'A device with memory for the expected sizes.',
    async: true,
    parameters: [{ name: sizes.length > 0 ? '{ device, batch }' : '{ device }', type: 'TrainerOptions' }],
    returns: 'Promise<Memory>',
    body: [
      `const call = new ArrayBuffer(${16 * Math.max(1, Math.ceil(call.fields.length / 4))});`,
      `const m: Memory = {\n${[
        `gpu: await openGpu(model.name, device, { shaders, places${shaders.totals ? ', totals, subgroupTotals' : ''} }, [${first}], call.byteLength${more})`,
        'call',
        'words: new Int32Array(call)',
        ...sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]),
        ...scalars.map((s) => `${s.field}: new ${s.type}(call, ${4 * s.at}, 1)`),
        ...integers.map(({ field }) => `${field}: new Int32Array(0)`),
        `...viewsOf(${fresh.join(', ')})`,
      ].join(',\n')},\n};`,
      ...constants,
      'try {',
      `reserve(${['m', ...rooms.expected.map((r, i) => (i === 0 ? firstSize(rooms, 'batch') : String(r)))].join(', ')});`,
      '} catch (error) {',
      'closeGpu(m.gpu);',
      'throw error;',
      '}',
      'return m;',
    ].join('\n'),
  };
}

/** The kernels of a step, which are compiled before all others. */
function firstKernels({ entries }: TrainerProgram, shaders: ShaderText): string {
  const steps = (stepOf({ entries }) ?? entries.predict)?.steps ?? [];
  const names = new Set(steps.flatMap((s) => (s.kind === 'run' ? [shaders.names.get(s.kernel)] : [])));
  return [...names].flatMap((n) => (n === undefined ? [] : [`"${n}"`])).join(', ');
}

function viewsOf({ program, layout, kept }: MemoryParts): Definition {
  const given = kept.map((k) => ({ name: k.name, type: k.type }));
  const views = kept.flatMap((k) =>
    fieldsIn(k).map(({ name, list, tensors }) => {
      const arrays = tensors.map(({ start, end }) => `${k.name}.subarray(${start}, ${end})`);
      return `${name}: ${list ? `[${elementsOf(arrays).join(', ')}]` : arrays[0]}`;
    }),
  );
  const parameters = program.parameters.map((p) => [p.name, `views.${layout.fields.get(p.buffer) ?? ''}`] as const);
  return {
    kind: 'function',
    name: 'viewsOf',
    doc: 'The tensors that live across calls, where the memories begin with them.',
    parameters: given,
    returns: `Pick<Memory, ${[...given.map((g) => g.name), ...kept.flatMap((k) => fieldsIn(k).map((f) => f.name)), 'parameters'].map(literal).join(' | ')}>`,
    body: [
      `const views = {\n${views.join(',\n')}\n};`,
      `return { ${given.map((g) => g.name).join(', ')}, ...views, parameters: ${membersOf(parameters, parameterTypes)} };`,
    ].join('\n'),
  };
}

function reserve({ program, layout, call, persistent, integers }: MemoryParts): Definition {
  const { sizes } = layout;
  const rounds = [...call.turns.keys()].map((axis) => axis.extent);
  const lists = call.given.map(
    ({ words }) =>
      `[${words.map((w) => (typeof w === 'number' ? String(w) : offsetOf(program, layout, w))).join(', ')}]`,
  );
  const words = persistent.map((k) => `${k.memory}: ${k.words}`).join(', ');
  const { length: floats, integers: ints, halves } = program.memory;
  const need = [floats, ints].map((n) => (n && n.terms.length > 0 ? printSize(n, layout) : '4'));
  return {
    kind: 'function',
    name: 'reserve',
    doc: 'Makes room for these sizes. Where memory grows, the tensors that live across calls move with it.',
    parameters: [{ name: 'm', type: 'Memory' }, ...sizes.map((s) => ({ name: s.variable, type: 'number' }))],
    returns: 'void',
    body: [
      ...(rounds.length > 0
        ? [`growTurns(m.gpu, ${rounds.map((r) => printSize(r, layout)).reduce((a, b) => `Math.max(${a}, ${b})`)});`]
        : []),
      `growGpu(m.gpu, { floats: ${need[0]}, integers: ${need[1]}${inWords(halves, layout)} }, { ${words} });`,
      ...integers.map(({ field, buffer }) => `m.${field} = new Int32Array(${printSize(buffer.length, layout)});`),
      ...sizes.map((s) => `m.${s.room} = ${s.variable};`),
      ...(call.given.length > 0 ? [`giveGpu(m.gpu, [\n${elementsOf(lists).join(',\n')},\n]);`] : []),
    ].join('\n'),
  };
}

/** Two halves are a word; there are multiples of four. */
function inWords(halves: Index | undefined, layout: Layout): string {
  return halves ? `, halves: ${printSize(div(halves, constant(2)), layout)}` : '';
}

function upload({ kept }: MemoryParts): Definition {
  return {
    kind: 'function',
    name: 'upload',
    doc: 'Brings the tensors that live across calls to the device.',
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'void',
    body: kept.map((k) => `m.gpu.device.queue.writeBuffer(m.gpu.${k.memory}, 0, m.${k.name});`).join('\n'),
  };
}

function download({ kept }: MemoryParts): Definition {
  let at = 0;
  const copies = kept.map((k) => `new ${k.type}(data, ${4 * (at += k.words) - 4 * k.words}, ${k.words})`);
  return {
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
  };
}

function begin({ call }: MemoryParts): Definition {
  return {
    kind: 'function',
    name: 'begin',
    doc: 'Begins a call with the sizes and scalars that there are now.',
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'GpuRun',
    body: [
      ...call.fields.flatMap((f, i) => (f.of.kind === 'scalar' ? [] : [`m.words[${i}] = m.${f.field};`])),
      'return beginRun(m.gpu, m.call);',
    ].join('\n'),
  };
}
