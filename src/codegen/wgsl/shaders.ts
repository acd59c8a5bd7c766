// The text of all shaders: bindings, the functions that kernels share, and an entry point for each kernel.
import { constantOf, div, toIndex } from '../../ir/index.js';
import type { Kernel, Program } from '../../ir/program.js';
import { Scope } from '../text/names.js';
import { primary } from '../text/expression.js';
import { printIndex } from './addresses.js';
import { depthOf, deviceKernels, fieldOf, type Call } from './call.js';
import { neededFunctions } from './functions.js';
import { printKernel, sharedNames, turnNames, type Shaders } from './kernel.js';
import { reservedWords } from './names.js';
import { neededTotals } from './totals.js';

export interface ShaderText {
  readonly text: string;
  /** What follows the text, where kernels need totals: functions that threads of a workgroup add up with, in either form. */
  readonly totals?: { readonly tree: string; readonly subgroups: string };
  /** The entry point of each kernel. */
  readonly names: ReadonlyMap<Kernel, string>;
}

function wordIn(slot: number): string {
  return `given.words[${slot >> 2}].${'xyzw'[slot & 3]}`;
}

/** What kernels share, before their functions; `all`: their text. */
function bindingsOf({ memory }: Program, call: Call, all: string): string[] {
  const fields = call.fields.map((f) => `  ${f.name}: ${f.type},`);
  const depth = depthOf(call);
  if (depth > turnNames.length) throw new Error(`${depth} loops stand around a dispatch`);
  return [
    ...(memory.halves ? ['enable f16;'] : []),
    `struct Call {\n${(fields.length > 0 ? fields : ['  unused: i32,']).join('\n')}\n}`,
    [
      '@group(0) @binding(0) var<storage, read_write> floats: array<f32>;',
      // The same memory for kernels that load and store it four by four; no kernel has both.
      ...(/\bvectors\[/.test(all) ? ['@group(0) @binding(0) var<storage, read_write> vectors: array<vec4<f32>>;'] : []),
      '@group(0) @binding(1) var<storage, read_write> integers: array<i32>;',
      '@group(0) @binding(2) var<uniform> call: Call;',
    ].join('\n'),
    // The number of the round in each of the loops that stand around a dispatch.
    ...(depth > 0 ? ['struct Turn {\n  at: i32,\n}'] : []),
    ...turnNames.slice(0, depth).map((name, d) => `@group(0) @binding(${3 + d}) var<uniform> ${name}: Turn;`),
    // What the call gives to the parameters of its kernel: where buffers lie, and numbers.
    ...(call.given.length > 0
      ? [
          `struct Given {\n  words: array<vec4<i32>, 16>,\n}`,
          `@group(0) @binding(${3 + depth}) var<uniform> given: Given;`,
        ]
      : []),
    ...(memory.halves ? [halvesAt(3 + depth + (call.given.length > 0 ? 1 : 0), all)] : []),
  ];
}

/** The memory of halves, and the same in vectors, as floats have it. */
function halvesAt(binding: number, text: string): string {
  const bound = (name: string, type: string): string =>
    `@group(0) @binding(${binding}) var<storage, read_write> ${name}: array<${type}>;`;
  return [bound('halves', 'f16'), ...(/\bhalfVectors\[/.test(text) ? [bound('halfVectors', 'vec4<f16>')] : [])].join(
    '\n',
  );
}

export function printShaders(program: Program, call: Call): ShaderText {
  const scope = new Scope([...reservedWords, ...sharedNames]);
  const kernels = deviceKernels(program, call);
  const names = new Map(kernels.map((kernel) => [kernel, scope.take(kernel.name)]));
  const shaders: Shaders = {
    scope,
    start(buffer, inVectors) {
      if (call.has(buffer)) return undefined;
      const slot = call.slots.get(buffer);
      if (slot !== undefined) return { text: `${wordIn(slot)}${inVectors ? ' / 4' : ''}`, constant: false };
      const offset = program.memory.offsets.get(buffer);
      if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
      // Buffers lie where the largest sizes so far have put them.
      const { text } = printIndex(inVectors ? div(offset, toIndex(4)) : offset, (part) => {
        if (part.kind !== 'size') throw new Error(`an offset has no ${part.kind}`);
        return primary(`call.${fieldOf(call, 'room', part.name).name}`);
      });
      return { text, constant: constantOf(offset) !== undefined };
    },
    turn: (axis) => {
      const slot = call.slots.get(axis);
      if (slot !== undefined) return wordIn(slot);
      const depth = call.turns.get(axis);
      if (depth === undefined) throw new Error(`no loop around dispatches binds ${axis.name}`);
      return `${turnNames[depth]}.at`;
    },
    field: (of) => fieldOf(call, typeof of === 'string' ? 'now' : 'scalar', of).name,
  };
  const entries = kernels.map((kernel) => printKernel(kernel, names.get(kernel) ?? kernel.name, shaders));
  const totals = neededTotals(entries.join('\n'));
  const bindings = bindingsOf(program, call, entries.join('\n'));
  const text = [...bindings, ...neededFunctions([...entries, totals?.subgroups ?? ''].join('\n')), ...entries].join(
    '\n\n',
  );
  return { text, totals, names };
}
