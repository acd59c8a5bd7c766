// The engine of WebAssembly: one binary, packed and in base64, that holds all kernels and entries, and one memory with views for
// JavaScript.
import type { Index } from '../../ir/index.js';
import { threadWords } from '../../ir/control.js';
import type { Entry, Kernel, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Definition } from '../text/definition.js';
import { runnerOf, type Engine } from '../module/engine.js';
import { printHost, type Host } from '../module/host.js';
import { sizeFields, type Layout } from '../module/layout.js';
import { answersAtOnce } from '../module/trainer/answers.js';
import { method } from '../module/trainer/lines.js';
import { provenanceLines } from '../text/provenance.js';
import { comment, memberOf } from '../text/quote.js';
import { usesOf } from '../uses.js';
import { emitWasm, type Wasm } from './emitWasm.js';
import { printMemory } from './memory.js';

/** One program for all engines; `relaxed`: the same for those that multiply and add in one instruction. */
export interface WasmPrograms {
  readonly program: TrainerProgram;
  readonly relaxed?: TrainerProgram;
}

/** Prints the binary, memory and entries. `packs`: the binary is packed. With `relaxed`, the same program for relaxed instructions, engines that have them run that. */
export function wasmEngine(program: TrainerProgram, layout: Layout, packs: boolean, relaxed?: TrainerProgram): Engine {
  const plain = emitWasm(program);
  const binaries = relaxed ? [emitWasm(relaxed, { relaxed: true }), plain] : [plain];
  const [wasm] = binaries;
  if (binaries.some((b) => b.sharedAt !== wasm.sharedAt)) throw new Error('the binaries differ in their heads');
  if (program.memory.own && threadWords.sizes + 2 * wasm.sizes.length > threadWords.homes)
    throw new Error('there are no words for so many run-time sizes');
  const names = binaries.map(() => layout.module.take('binary'));
  const host = printHost(program, layout);
  const fields = fieldsIn(program, layout, host.kernels);
  const outlive = program.parameters.length > 0;
  return {
    target: 'wasm',
    asynchronous: true,
    definitions: [
      ...printMemory({ program, layout, fields, wasm, binaries: names, unpack: packs ? 'unpackBinary' : 'bytesIn' }),
      ...host.definitions,
      ...Object.values(program.entries).map((entry) => runner(entry, layout, host, wasm, program.memory.own)),
      binary(
        listOf(
          program.kernels.filter((kernel) => !host.kernels.includes(kernel)),
          packs,
        ),
        wasm,
        names[0],
        packs,
      ),
      ...binaries
        .slice(1)
        .map((b) =>
          binary('// The same without relaxed instructions, for engines that lack them.\n', b, names[1], packs),
        ),
    ],
    kernels: host.names,
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

function binary(before: string, wasm: Wasm, name: string, packs: boolean): Definition {
  return { kind: 'text', text: `${before}const ${name} =\n  '${base64(packs ? wasm.packed : wasm.binary)}';` };
}

/** The kernels of a binary: what each computes and how. */
function listOf(kernels: readonly Kernel[], packs: boolean): string {
  const lines = kernels.flatMap((k) => [k.name, ...provenanceLines(k).map((line) => `  ${line}`)]);
  return `${comment([`WebAssembly, ${packs ? 'packed and ' : ''}in base64: a function for each entry, which calls these in order.`, '', ...lines])}\n`;
}

/** Buffers that JavaScript reads or writes, with their fields of Memory. */
function fieldsIn(program: TrainerProgram, layout: Layout, host: readonly Kernel[]): [Buffer, string][] {
  const lists = [program.inputs, program.parameters, program.states, program.averages, program.slots, program.counters];
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
  const call = (...more: readonly string[]): string =>
    `m.entries${memberOf(entry.name)}(${[...given, ...more].join(', ')});`;
  // What the other threads are told before they start.
  const told = given.map((value, i) => `m.team.control[${threadWords.sizes + i}] = ${value};`);
  const size = sizes.map(now).join(' * ') || '1';
  const together = [
    ...told,
    `const threads = beginEntry(m.team, ${entries.indexOf(entry.name)}, ${size});`,
    'try {',
    call('0', 'threads'),
    '} catch (error) {',
    'throw failThreads(m.team, error);',
    '}',
    'endEntry(m.team);',
  ];
  return {
    kind: 'function',
    name: runnerOf(entry.name),
    parameters: [{ name: 'm', type: 'Memory' }],
    returns: 'void',
    body: [...calls, ...(!own ? [call()] : shared.has(entry.name) ? together : [call('0', '1')])].join('\n'),
  };
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
