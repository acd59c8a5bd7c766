// The engine of plain TypeScript: typed arrays over one arena, a function for each kernel, entries as lists of calls.
import { roomsAtFirst } from '../module/expectedSizes.js';
import { constantOf } from '../../ir/index.js';
import type { TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Definition } from '../text/definition.js';
import { elementCount } from '../../ir/types.js';
import type { Engine } from '../module/engine.js';
import { answersAtOnce } from '../module/trainer/answers.js';
import { method } from '../module/trainer/lines.js';
import { arrayTypes, fieldsOf, parameterTypes, printSize, type Layout } from '../module/layout.js';
import { membersOf, statementsOf } from '../text/progressions.js';
import { hasLoss, predictInputs, trainingInputs } from '../module/trainer/types.js';
import { printEntries } from './entries.js';
import { printKernel } from './kernel.js';

/** Prints memory, kernels and entries. */
export function typescriptEngine(program: TrainerProgram, layout: Layout): Engine {
  const kernels = program.kernels.map((kernel) => printKernel(kernel, layout.module.take(kernel.name)));
  const byKernel = new Map(program.kernels.map((kernel, i) => [kernel, kernels[i]]));
  const entries = printEntries(program, layout, ({ kernel }) => {
    const found = byKernel.get(kernel);
    if (!found) throw new Error(`the kernel ${kernel.name} is not in the program's list`);
    return found;
  });
  return {
    target: 'ts',
    asynchronous: false,
    definitions: [...memory(program, layout), ...kernels.map((k) => k.definition), ...entries],
    kernels: new Map(program.kernels.map((kernel, i) => [kernels[i].name, kernel])),
    createMemory: 'createMemory()',
    placeFloats: (field, variable) => `m.${field} = ${variable};`,
    parameters: method('get parameters()', 'return m.parameters;'),
    answers: answersAtOnce(program, layout),
  };
}

/** The interface Memory, and the functions that make it and let it grow. */
function memory(program: TrainerProgram, layout: Layout): Definition[] {
  const { sizes } = layout;
  const declared = fieldsOf(layout.fields);
  return [
    {
      kind: 'interface',
      name: 'Memory',
      doc: 'Everything that kernels read and write.',
      properties: [
        ...sizes.flatMap((s) => [
          { name: s.now, type: 'number', doc: `The size ${s.size} of this call, and what there is room for.` },
          { name: s.room, type: 'number' },
        ]),
        ...declared.map(({ name, type }) => ({ name, type })),
        { name: 'parameters', type: 'Readonly<Record<ParameterName, Float32Array>>' },
      ],
    },
    {
      kind: 'function',
      name: 'createMemory',
      doc: 'Tensors that live across calls; the others get their place when the sizes are known.',
      parameters: [],
      returns: 'Memory',
      body: createdMemory(program, layout).join('\n'),
    },
    {
      kind: 'function',
      name: 'reserve',
      doc: 'Lays the tensors of a call out in one arena, where those that are never needed together share a place.',
      parameters: [{ name: 'm', type: 'Memory' }, ...sizes.map((s) => ({ name: s.variable, type: 'number' }))],
      returns: 'void',
      body: reservedMemory(program, layout).join('\n'),
    },
  ];
}

/** Does the buffer lie in the arena of a call? */
function isPlanned({ space }: Buffer): boolean {
  return space === 'arena' || space === 'scratch';
}

/** The body of createMemory. */
function createdMemory(program: TrainerProgram, layout: Layout): string[] {
  const { sizes, fields } = layout;
  const initial = fieldsOf(fields).map(({ name, list, buffers: [buffer, ...others] }) => {
    const type = arrayTypes[buffer.dtype];
    if (buffer.space === 'constant') return `${name}: new ${type}([${(buffer.data ?? []).map(String).join(', ')}])`;
    const live = !isPlanned(buffer) && buffer.space !== 'input';
    const made = `new ${type}(${live ? printSize(buffer.length, layout) : 0})`;
    return `${name}: ${!list ? made : live ? `listOfCopies(${others.length + 1}, () => [${made}])` : '[]'}`;
  });
  const views = program.parameters.map((p) => [p.name, `m.${fields.get(p.buffer)}`] as const);
  const zeros = sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]);
  return [
    `const m: Memory = {\n${[...zeros, ...initial, 'parameters: {} as Memory["parameters"]'].join(',\n')},\n};`,
    `m.parameters = Object.freeze(${membersOf(views, parameterTypes)});`,
    ...(runsWithoutSizes(program)
      ? [`reserve(${['m', ...roomsAtFirst(program, sizes).least.map(String)].join(', ')});`]
      : []),
    'return m;',
  ];
}

/** So many tensors of one type have a function that lays them out; fewer are read more easily without. */
const manyPlanned = 12;

/** What the function is called that lays out tensors of a type. */
const layersOut: Record<Buffer['dtype'], string> = { f32: 'floats', f16: 'halves', i32: 'integers', u32: 'words' };

/** The body of reserve. */
function reservedMemory(program: TrainerProgram, layout: Layout): string[] {
  const { sizes, fields } = layout;
  // An f32 input is the caller's own array; an input of integers is copied.
  const growing = [...fields].filter(([b]) => isPlanned(b) || (b.space === 'input' && b.dtype !== 'f32'));
  const planned = growing.filter(([b]) => isPlanned(b));
  const dtypes = [...new Set(planned.map(([b]) => b.dtype))];
  const many = dtypes.filter((dtype) => planned.filter(([b]) => b.dtype === dtype).length >= manyPlanned);
  const offsets = growing.map(([buffer, field]) => {
    const { dtype } = buffer;
    const length = printSize(buffer.length, layout);
    if (!isPlanned(buffer)) return `m.${field} = new ${arrayTypes[dtype]}(${length});`;
    const offset = program.memory.offsets.get(buffer);
    if (!offset) throw new Error(`${buffer.name} has no offset in memory`);
    const at = printSize(offset, layout);
    if (many.includes(dtype)) return `m.${field} = ${layersOut[dtype]}(${at}, ${length});`;
    return `m.${field} = new ${arrayTypes[dtype]}(arena, ${times4(at)}, ${length});`;
  });
  const length = printSize(program.memory.length, layout);
  const arena = sizes.length > 0 ? `makeArena(${length})` : `new ArrayBuffer(${times4(length)})`;
  return [
    ...(planned.length > 0 ? [`const arena = ${arena};`] : []),
    ...many.map((dtype) => {
      const type = arrayTypes[dtype];
      return `const ${layersOut[dtype]} = (at: number, length: number): ${type} => new ${type}(arena, 4 * at, length);`;
    }),
    ...statementsOf(offsets, true),
    ...sizes.map((s) => `m.${s.room} = ${s.variable};`),
  ];
}

/** Is there a call whose inputs tell no size, so that none of its checks would ever make room? */
function runsWithoutSizes(program: TrainerProgram): boolean {
  const calls = [
    ...(hasLoss(program) ? [trainingInputs(program)] : []),
    ...(program.outputs.length > 0 ? [predictInputs(program)] : []),
  ];
  return calls.some((inputs) => inputs.every(({ type }) => constantOf(elementCount(type)) !== undefined));
}

function times4(words: string): string {
  if (/^\d+$/.test(words)) return String(4 * Number(words));
  return `4 * (${words})`;
}
