// The memory of WebAssembly as JavaScript sees it: its interface, and the functions that make it and let it grow.
import { firstSize, roomsAtFirst } from '../module/expectedSizes.js';
import { add, constantOf, sub, zero } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { ownStride } from '../../ir/threads.js';
import { arrayTypes, fieldsOf, printSize, sizeFields, type Layout } from '../module/layout.js';
import type { Definition, Property } from '../text/definition.js';
import { elementsOf, statementsOf } from '../text/progressions.js';
import { literal, propertyKey } from '../text/quote.js';
import type { Wasm } from './emitWasm.js';

/** What it is printed from. */
export interface MemoryParts {
  readonly program: TrainerProgram;
  readonly layout: Layout;
  /** Buffers that JavaScript reads or writes, with their fields of Memory. */
  readonly fields: readonly (readonly [Buffer, string])[];
  readonly wasm: Wasm;
  /** What unpacks it. */
  readonly unpack: string;
  /** The constants that hold the code, the best first. */
  readonly binaries: readonly string[];
}

export function printMemory(parts: MemoryParts): Definition[] {
  const { own } = parts.program.memory;
  const shared =
    '\n/** For memory that threads share. */\nlet compiledShared: Promise<WebAssembly.Module> | undefined;';
  return [
    entriesInterface(parts),
    memoryInterface(parts),
    { kind: 'text', text: `let compiled: Promise<WebAssembly.Module> | undefined;${own ? shared : ''}` },
    createMemory(parts),
    reserve(parts),
  ];
}

function entriesInterface({ program, layout, wasm }: MemoryParts): Definition {
  const parameters = wasm.sizes.map((name) => `${sizeFields(layout, name).variable}: number`);
  const rooms = wasm.sizes.map((name) => `${sizeFields(layout, name).room}: number`);
  const numbers = program.memory.own ? ['thread: number', 'threads: number'] : [];
  const type = `(${[...parameters, ...rooms, ...numbers].join(', ')}) => void`;
  return {
    kind: 'interface',
    name: 'Entries',
    doc: 'What the binary exports.',
    properties: wasm.entries.map((name) => ({ name: propertyKey(name), type })),
  };
}

function memoryInterface({ program, layout, fields }: MemoryParts): Definition {
  return {
    kind: 'interface',
    name: 'Memory',
    doc: 'The memory of the kernels, with views of what JavaScript reads and writes.',
    properties: [
      { name: 'memory', type: 'WebAssembly.Memory' },
      { name: 'entries', type: 'Entries' },
      ...layout.sizes.flatMap((s) => [
        { name: s.now, type: 'number', doc: `The size ${s.size} of this call, and what there is room for.` },
        { name: s.room, type: 'number' },
      ]),
      ...fieldsOf(fields).map(({ name, type }) => ({ name, type })),
      ...tableProperties(layout),
      { name: 'parameters', type: 'Readonly<Record<ParameterName, Float32Array>>' },
      { name: 'handedOut', type: 'boolean', doc: 'Whether arrays of parameters may be kept by others.' },
      { name: 'mirrors', type: 'Mirrors | undefined' },
      { name: 'over', type: '(memory: WebAssembly.Memory) => Entries', doc: 'The same code over other memory.' },
      ...(program.memory.own ? [{ name: 'team', type: 'Team' }] : []),
    ],
  };
}

function createMemory({ program, layout, fields, wasm, binaries, unpack }: MemoryParts): Definition {
  const { sizes } = layout;
  const { own } = program.memory;
  const rooms = roomsAtFirst(program, sizes);
  const compile = (...more: readonly string[]): string =>
    `compileWebAssembly(${['model.name', `[${binaries.join(', ')}]`, unpack, ...more].join(', ')})`;
  const words = wordsOf(program, layout, 'threads');
  const fieldsOfMemory = [
    'memory',
    'entries: exports as unknown as Entries',
    'over: (memory) => new WebAssembly.Instance(code, imports(memory)).exports as unknown as Entries',
    ...sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]),
    ...fieldsOf(fields).flatMap(({ name, list }) => (list ? [`${name}: []`] : [])),
    ...(program.parameters.length > 0 ? [] : ['parameters: {}']),
    'handedOut: false',
    'mirrors: undefined',
    ...(own ? ['team'] : []),
  ];
  return {
    kind: 'function',
    name: 'createMemory',
    doc: 'Memory of its own for each trainer; the code is compiled once.',
    async: true,
    parameters: [{ name: sizes.length > 0 || own ? 'options' : '_options', type: 'TrainerOptions' }],
    returns: 'Promise<Memory>',
    body: [
      ...(own
        ? [
            'const threads = threadsFor(options.threads);',
            `const code = await (threads > 1 ? (compiledShared ??= ${compile(`${wasm.sharedAt}`)}) : (compiled ??= ${compile()}));`,
          ]
        : [`const code = await (compiled ??= ${compile()});`]),
      ...sizes.map(
        (s, i) => `const ${s.variable} = ${i === 0 ? firstSize(rooms, 'options.batch') : rooms.expected[i]};`,
      ),
      `const memory = ${own ? `makeThreadMemory(${words}, threads)` : `makeMemory(${words})`};`,
      ...(own
        ? [
            `const team = await startThreads(threads, code, memory, ${literal(wasm.entries)}, ${2 * wasm.sizes.length}, options.threads);`,
            'const sleep = (address: number, before: number): void => sleepUntil(team, address, before);',
          ]
        : []),
      `const imports = (memory: WebAssembly.Memory) => ({ env: { memory${own ? ', sleep' : ''} } });`,
      'const { exports } = await WebAssembly.instantiate(code, imports(memory));',
      '// Its views are made together with room for them.',
      `const m = {\n${fieldsOfMemory.join(',\n')},\n} as Memory;`,
      `reserve(${['m', ...sizes.map((s) => s.variable)].join(', ')});`,
      'return m;',
    ].join('\n'),
  };
}

function reserve(parts: MemoryParts): Definition {
  const { program, layout } = parts;
  const { own } = program.memory;
  const outlive = program.parameters.length > 0;
  return {
    kind: 'function',
    name: 'reserve',
    doc: 'Makes room for these sizes. Where memory grows, its views are made anew; parameters that were handed out stay live.',
    parameters: [{ name: 'm', type: 'Memory' }, ...layout.sizes.map((s) => ({ name: s.variable, type: 'number' }))],
    returns: 'void',
    body: [
      `const words = ${wordsOf(program, layout, 'm.team.threads')};`,
      ...(outlive
        ? [
            'if (m.handedOut && !m.mirrors && losesArrays(m.memory, words)) {',
            `moveMemory(m, ${own ? 'makeThreadMemory(words, 1)' : 'makeMemory(words)'}, ${lastingWords(program)});`,
            'm.mirrors = [];',
            '} else',
          ]
        : []),
      'growMemory(m.memory, words);',
      'const { buffer } = m.memory;',
      ...statementsOf(views(parts), true),
      ...(outlive
        ? [
            ...tableStatements(layout),
            'if (m.mirrors) m.mirrors = Object.entries(m.weights).map(([name, now]) => ({ given: m.parameters[name as ParameterName], now }));',
            'else m.parameters = Object.freeze(m.weights) as Memory["parameters"];',
          ]
        : []),
      ...layout.sizes.map((s) => `m.${s.room} = ${s.variable};`),
    ].join('\n'),
  };
}

/** What is made by the list of parameters. */
function tableProperties({ tables }: Layout): Property[] {
  if (!tables) return [];
  const type = 'Record<string, Float32Array>';
  return [
    { name: 'weights', type, doc: 'Parameters where kernels have them.' },
    ...(tables.slots ? [{ name: 'optimizer', type: 'Tensor[]' }] : []),
    ...(tables.gradients ? [{ name: 'gradients', type }] : []),
  ];
}

/** Statements that make it. */
function tableStatements(layout: Layout): string[] {
  const { tables } = layout;
  if (!tables) return [];
  const { parameters, slots, gradients } = tables;
  const trained = 'model.parameters.filter(({ trained }) => trained)';
  return [
    `m.weights = arraysOf(model.parameters, floatsFrom(buffer, ${4 * parameters}));`,
    ...(slots
      ? [`m.optimizer = slotsOf(model.parameters, ${literal(slots.names)}, floatsFrom(buffer, ${4 * slots.start}));`]
      : []),
    ...(gradients
      ? [
          '// Where each of them lies, in words.',
          `const starts = [${elementsOf(gradients.map((offset) => printSize(offset, layout))).join(', ')}];`,
          `m.gradients = arraysOf(${trained}, (length, at) => new Float32Array(buffer, 4 * starts[at], length));`,
        ]
      : []),
  ];
}

/** Statements that make the views. Of the most floats that lie one after another, each says its length alone. */
function views({ program, layout, fields }: MemoryParts): string[] {
  const view = ([buffer, field]: readonly [Buffer, string]): string =>
    `m.${field} = new ${arrayTypes[buffer.dtype]}(buffer, ${byteOffset(program, layout, buffer)}, ${printSize(buffer.length, layout)});`;
  const { from, to } = longestRow(program, fields);
  if (to - from < fewestInRow) return fields.map(view);
  return [
    ...fields.slice(0, from).map(view),
    `const floats = floatsFrom(buffer, ${byteOffset(program, layout, fields[from][0])});`,
    ...fields.slice(from, to).map(([buffer, field]) => `m.${field} = floats(${printSize(buffer.length, layout)});`),
    ...fields.slice(to).map(view),
  ];
}

/** So many views are shorter with `floatsFrom`. */
const fewestInRow = 4;

/** The most fields of floats side by side that lie in memory one after another, each from a multiple of 16 bytes on. */
function longestRow({ memory }: TrainerProgram, fields: MemoryParts['fields']): { from: number; to: number } {
  let [best, row] = [
    { from: 0, to: 0 },
    { from: 0, to: 0 },
  ];
  let end: number | undefined;
  fields.forEach(([buffer], i) => {
    const start = constantOf(memory.offsets.get(buffer) ?? zero);
    const length = constantOf(buffer.length);
    const follows = buffer.dtype === 'f32' && start !== undefined && start === end;
    row = { from: follows ? row.from : i, to: i + 1 };
    end =
      buffer.dtype === 'f32' && start !== undefined && length !== undefined
        ? start + 4 * Math.ceil(length / 4)
        : undefined;
    if (end !== undefined && row.to - row.from > best.to - best.from) best = row;
  });
  return best;
}

/** Where a buffer begins, in bytes. */
function byteOffset(program: TrainerProgram, layout: Layout, buffer: Buffer): string {
  const offset = program.memory.offsets.get(buffer);
  if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
  const known = constantOf(offset);
  return known === undefined ? `4 * ${factor(printSize(offset, layout))}` : String(4 * known);
}

/** Words of the whole memory, with what each of so many threads has for itself. */
function wordsOf({ memory: { length, own } }: TrainerProgram, layout: Layout, threads: string): string {
  if (!own) return printSize(length, layout);
  const stride = ownStride(own);
  return `${printSize(sub(add(length, own), stride), layout)} + ${threads} * ${factor(printSize(stride, layout))}`;
}

/** Words at the start of memory that live across calls. */
function lastingWords(program: TrainerProgram): number {
  const lasting = [program.parameters, program.states, program.averages, program.slots, program.counters].flat();
  const ends = lasting.map(({ buffer }) => {
    const end = constantOf(add(program.memory.offsets.get(buffer) ?? zero, buffer.length));
    if (end === undefined) throw new Error(`where ${buffer.name} lies depends on the batch`);
    return end;
  });
  return Math.max(...ends);
}

/** A second factor: a sum or a product in parentheses. */
function factor(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `(${text})`;
}
