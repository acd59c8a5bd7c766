// The engine of WebAssembly: one binary in base64 that holds all kernels and entries, and one memory with views for JavaScript.
import { add, constantOf, zero, type Index } from '../../ir/index.js';
import { threadWords } from '../../ir/control.js';
import type { Entry, Kernel, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Definition } from '../text/document.js';
import { runnerOf, type Engine } from '../module/engine.js';
import { printHost, type Host } from '../module/host.js';
import { arrayTypes, printSize, sizeFields, type Layout } from '../module/layout.js';
import { answersAtOnce } from '../module/trainer/answers.js';
import { method } from '../module/trainer/lines.js';
import { provenanceLines } from '../text/provenance.js';
import { comment, literal, memberOf, objectOf } from '../text/quote.js';
import { usesOf } from '../uses.js';
import { emitWasm, type Wasm } from './emitWasm.js';

/** One program for all engines; `relaxed`: the same for those that multiply and add in one instruction. */
export interface WasmPrograms {
  readonly program: TrainerProgram;
  readonly relaxed?: TrainerProgram;
}

/** Prints the binary, memory and entries. With `relaxed`, the same program for relaxed instructions, engines that have them run that. */
export function wasmEngine(program: TrainerProgram, layout: Layout, relaxed?: TrainerProgram): Engine {
  const plain = emitWasm(program);
  const binaries = relaxed ? [emitWasm(relaxed, { relaxed: true }), plain] : [plain];
  const [wasm] = binaries;
  if (binaries.some((b) => b.sharedAt !== wasm.sharedAt)) throw new Error('the binaries differ in their heads');
  if (program.memory.own && threadWords.sizes + 2 * wasm.sizes.length > threadWords.length)
    throw new Error('there are no words for so many run-time sizes');
  const names = binaries.map(() => layout.module.take('binary'));
  const host = printHost(program, layout);
  const fields = fieldsIn(program, layout, host.kernels);
  const outlive = program.parameters.length > 0;
  return {
    target: 'wasm',
    asynchronous: true,
    definitions: [
      ...memory(program, layout, fields, wasm, names),
      ...host.definitions,
      ...Object.values(program.entries).map((entry) => runner(entry, layout, host, wasm, program.memory.own)),
      binary(listOf(program.kernels.filter((kernel) => !host.kernels.includes(kernel))), wasm, names[0]),
      ...binaries
        .slice(1)
        .map((b) => binary('// The same without relaxed instructions, for engines that lack them.\n', b, names[1])),
    ],
    createMemory: 'createMemory(options)',
    reserves: true,
    placeFloats: (field, variable) => `copyFloats(${variable}, m.${field});`,
    parameters: method('get parameters()', outlive ? 'm.handedOut = true;' : '', 'return m.parameters;'),
    answers: answersAtOnce(program, layout),
    // Where arrays of parameters come to lie outside the kernels' memory, each side learns what was written to the other.
    ...(outlive && {
      used: 'if (memory.mirrors) readMirrors(memory.mirrors);',
      stepped: 'if (m.mirrors) writeMirrors(m.mirrors);',
      loaded: 'if (m.mirrors) writeMirrors(m.mirrors);',
    }),
    ...(program.memory.own && { dispose: 'if (memory) endThreads(memory.team);' }),
  };
}

function binary(before: string, { binary: bytes }: Wasm, name: string): Definition {
  return { kind: 'text', text: `${before}const ${name} =\n  '${base64(bytes)}';` };
}

/** The kernels of a binary: what each computes and how. */
function listOf(kernels: readonly Kernel[]): string {
  const lines = kernels.flatMap((k) => [k.name, ...provenanceLines(k).map((line) => `  ${line}`)]);
  return `${comment(['WebAssembly in base64: a function for each entry, which calls these in order.', '', ...lines])}\n`;
}

/** Buffers that JavaScript reads or writes, with their fields of Memory. */
function fieldsIn(program: TrainerProgram, layout: Layout, host: readonly Kernel[]): [Buffer, string][] {
  const lists = [program.inputs, program.parameters, program.states, program.slots, program.counters];
  const needed = new Set([
    ...lists.flatMap((list) => list.map(({ buffer }) => buffer)),
    ...Object.values(program.entries).flatMap((entry) => entry.results.map((r) => r.buffer)),
    ...host.flatMap((kernel) => [...usesOf(kernel).buffers]),
  ]);
  return [...layout.fields].filter(([buffer]) => needed.has(buffer));
}

function runner(
  entry: Entry,
  layout: Layout,
  host: Host,
  { sizes, entries, shared }: Wasm,
  own: Index | undefined,
): Definition {
  const now = (name: string): string => `m.${sizeFields(layout, name).now}`;
  const calls = entry.steps.flatMap((step) => host.call(step) ?? []);
  const rooms = sizes.map((name) => `m.${sizeFields(layout, name).room}`);
  const given = [...sizes.map(now), ...rooms];
  const call = (...more: readonly string[]): string => `m.entries.${entry.name}(${[...given, ...more].join(', ')});`;
  // What the other threads are told before this one starts.
  const begin = [
    'if (m.team.threads > 1) {',
    ...given.map((value, i) => `m.team.control[${threadWords.sizes + i}] = ${value};`),
    `wakeThreads(m.team, ${entries.indexOf(entry.name)});`,
    '}',
  ];
  const fail = ['} catch (error) {', 'throw failThreads(m.team, error);', '}'];
  const together = [...begin, 'try {', call('0', 'm.team.threads'), ...fail];
  return {
    kind: 'function',
    name: runnerOf(entry.name),
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'void',
    body: [...calls, ...(!own ? [call()] : shared.has(entry.name) ? together : [call('0', '1')])].join('\n'),
  };
}

/** The interface Memory, and the functions that make it and let it grow. */
function memory(
  program: TrainerProgram,
  layout: Layout,
  fields: readonly [Buffer, string][],
  wasm: Wasm,
  binaries: readonly string[],
): Definition[] {
  const { sizes } = layout;
  const at = (buffer: Buffer): string => {
    const offset = program.memory.offsets.get(buffer);
    if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
    const known = constantOf(offset);
    return known === undefined ? `4 * (${printSize(offset, layout)})` : String(4 * known);
  };
  const view = ([buffer, field]: readonly [Buffer, string]): string =>
    `m.${field} = new ${arrayTypes[buffer.dtype]}(buffer, ${at(buffer)}, ${printSize(buffer.length, layout)});`;
  const fieldOf = (buffer: Buffer): string => `m.${layout.fields.get(buffer) ?? ''}`;
  const views = objectOf(program.parameters.map((p) => [p.name, fieldOf(p.buffer)]));
  const mirrors = program.parameters.map(
    (p) => `{ given: m.parameters${memberOf(p.name)}, now: ${fieldOf(p.buffer)} }`,
  );
  const ends = [program.parameters, program.states, program.slots, program.counters].flatMap((list) =>
    list.map(({ buffer }) => {
      const end = constantOf(add(program.memory.offsets.get(buffer) ?? zero, buffer.length));
      if (end === undefined) throw new Error(`where ${buffer.name} lies depends on the batch`);
      return end;
    }),
  );
  const room = [program.model.train.batch, ...sizes.slice(1).map(() => 1)];
  const zeros = sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]);
  const parameters = wasm.sizes.flatMap((name) => [`${sizeFields(layout, name).variable}: number`]);
  const rooms = wasm.sizes.map((name) => `${sizeFields(layout, name).room}: number`);
  const { own, length } = program.memory;
  const numbers = own ? ['thread: number', 'threads: number'] : [];
  const entries = wasm.entries.map((name) => ({
    name,
    type: `(${[...parameters, ...rooms, ...numbers].join(', ')}) => void`,
  }));
  const words = (threads: string): string =>
    printSize(length, layout) + (own ? ` + ${threads} * (${printSize(own, layout)})` : '');
  const compile = (of: readonly string[]): string => `compileWebAssembly(model.name, ${of.join(', ')})`;
  const inThreads = binaries.map((name) => `forSharedMemory(${name}, ${wasm.sharedAt})`);
  const names = literal(wasm.entries);
  return [
    { kind: 'interface', name: 'Entries', doc: 'What the binary exports.', properties: entries },
    {
      kind: 'interface',
      name: 'Memory',
      doc: 'The memory of the kernels, with views of what JavaScript reads and writes.',
      properties: [
        { name: 'memory', type: 'WebAssembly.Memory' },
        { name: 'entries', type: 'Entries' },
        ...sizes.flatMap((s) => [
          { name: s.now, type: 'number', doc: `The size ${s.size} of this call, and what there is room for.` },
          { name: s.room, type: 'number' },
        ]),
        ...fields.map(([buffer, field]) => ({ name: field, type: arrayTypes[buffer.dtype] })),
        { name: 'parameters', type: 'Readonly<Record<ParameterName, Float32Array>>' },
        { name: 'handedOut', type: 'boolean', doc: 'Whether arrays of parameters may be kept by others.' },
        { name: 'mirrors', type: 'Mirrors | undefined' },
        { name: 'over', type: '(memory: WebAssembly.Memory) => Entries', doc: 'The same code over other memory.' },
        ...(own ? [{ name: 'team', type: 'Team' }] : []),
      ],
    },
    {
      kind: 'text',
      text: `let compiled: Promise<WebAssembly.Module> | undefined;${
        own
          ? '\n/** For memory that threads share. */\nlet compiledShared: Promise<WebAssembly.Module> | undefined;'
          : ''
      }`,
    },
    {
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
              `const code = await (threads > 1 ? (compiledShared ??= ${compile(inThreads)}) : (compiled ??= ${compile(binaries)}));`,
            ]
          : [`const code = await (compiled ??= ${compile(binaries)});`]),
        ...sizes.map((s, i) => `const ${s.variable} = ${i === 0 ? 'options.batch ?? ' : ''}${room[i]};`),
        `const memory = ${own ? `makeThreadMemory(${words('threads')}, threads)` : `makeMemory(${words('')})`};`,
        ...(own
          ? [
              `const team = await startThreads(threads, code, memory, ${names}, ${2 * wasm.sizes.length});`,
              'const sleep = (address: number, before: number): void => sleepUntil(team, address, before);',
            ]
          : []),
        `const imports = (memory: WebAssembly.Memory) => ({ env: { memory${own ? ', sleep' : ''} } });`,
        'const { exports } = await WebAssembly.instantiate(code, imports(memory));',
        `const m: Memory = {\n${[
          'memory',
          'entries: exports as unknown as Entries',
          'over: (memory) => new WebAssembly.Instance(code, imports(memory)).exports as unknown as Entries',
          ...zeros,
          ...fields.map(([buffer, field]) => `${field}: new ${arrayTypes[buffer.dtype]}(0)`),
          'parameters: {} as Memory["parameters"]',
          'handedOut: false',
          'mirrors: undefined',
          ...(own ? ['team'] : []),
        ].join(',\n')},\n};`,
        `reserve(${['m', ...sizes.map((s) => s.variable)].join(', ')});`,
        'return m;',
      ].join('\n'),
    },
    {
      kind: 'function',
      name: 'reserve',
      doc: 'Makes room for these sizes. Where memory grows, its views are made anew; parameters that were handed out stay live.',
      parameters: [{ name: 'm', type: 'Memory' }, ...sizes.map((s) => ({ name: s.variable, type: 'number' }))],
      returns: 'void',
      body: [
        `const words = ${words('m.team.threads')};`,
        ...(mirrors.length > 0
          ? [
              'if (m.handedOut && !m.mirrors && losesArrays(m.memory, words)) {',
              `moveMemory(m, ${own ? 'makeThreadMemory(words, 1)' : 'makeMemory(words)'}, ${Math.max(...ends)});`,
              'm.mirrors = [];',
              '} else',
            ]
          : []),
        'growMemory(m.memory, words);',
        'const { buffer } = m.memory;',
        ...fields.map(view),
        ...(mirrors.length > 0
          ? [`if (m.mirrors) m.mirrors = [${mirrors.join(', ')}];`, `else m.parameters = Object.freeze(${views});`]
          : []),
        ...sizes.map((s) => `m.${s.room} = ${s.variable};`),
      ].join('\n'),
    },
  ];
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
