// The engine of plain TypeScript: typed arrays over one arena, a function for each kernel, entries as lists of calls.
import { constantOf, sizesOf } from '../../ir/index.js';
import type { Entry, Step, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Definition } from '../document.js';
import { elementCount } from '../../ir/types.js';
import { runnerOf, type Engine } from '../engine.js';
import { printSize, type Layout } from '../layout.js';
import { objectOf } from '../text.js';
import { predictInputs, trainingInputs } from '../trainer/types.js';
import { arrayTypes, printKernel, type Argument, type KernelFunction } from './kernel.js';
import { KernelScope } from './statements.js';
import { printAddress } from './scalar.js';

/** Prints memory, kernels and entries. */
export function typescriptEngine(program: TrainerProgram, layout: Layout): Engine {
  const kernels = program.kernels.map((kernel) => printKernel(kernel, layout.module.take(kernel.name)));
  const byKernel = new Map(program.kernels.map((kernel, i) => [kernel, kernels[i]]));
  const entries = Object.values(program.entries).map((entry) =>
    printEntry(entry, layout, (step) => {
      const found = byKernel.get(step.kernel);
      if (!found) throw new Error(`the kernel ${step.kernel.name} is not in the program's list`);
      return found;
    }),
  );
  return {
    target: 'ts',
    asynchronous: false,
    definitions: [...memory(program, layout), ...kernels.map((k) => k.definition), ...entries],
    createMemory: 'createMemory()',
    placeFloats: (field, variable) => `m.${field} = ${variable};`,
    run: (entry) => `${runnerOf(entry)}(m);`,
  };
}

const entryDocs: Partial<Record<Entry['name'], string>> = {
  step: 'One optimizer step.',
  accumulate: 'A step that only adds to the gradients of the update to come.',
  gradients: 'The gradients of the total loss.',
  evaluate: 'Losses and metrics, with training off.',
  predict: 'The outputs, with training off.',
};

type Run = Extract<Step, { kind: 'run' }>;

function printEntry(entry: Entry, layout: Layout, functionOf: (step: Run) => KernelFunction): Definition {
  const used = new Set<string>();
  const walk = (steps: readonly Step[], scope: KernelScope): string =>
    steps
      .map((step) => {
        if (step.kind === 'run') {
          const called = functionOf(step);
          return `${called.name}(${called.arguments.map((a) => printArgument(a, scope)).join(', ')});`;
        }
        sizesOf(step.axis.extent, used);
        const extent = printAddress(step.axis.extent, scope).text;
        const inner = scope.inside();
        const axis = inner.bindAxis(step.axis);
        return `for (let ${axis} = 0; ${axis} < ${extent}; ${axis}++) {\n${walk(step.steps, inner)}\n}`;
      })
      .join('\n');
  const printArgument = (argument: Argument, scope: KernelScope): string => {
    switch (argument.kind) {
      case 'size':
        used.add(argument.name);
        return scope.size(argument.name);
      case 'axis':
        return scope.axis(argument.axis);
      case 'buffer':
        return layout.array(argument.buffer);
      default:
        return argument satisfies never;
    }
  };
  const scope = new KernelScope(layout.module.inside());
  const variables = new Map(layout.sizes.map((s) => [s.size, scope.bindSize(s.size)]));
  const body = walk(entry.steps, scope);
  const taken = layout.sizes
    .filter((s) => used.has(s.size))
    .map((s) => (s.now === variables.get(s.size) ? s.now : `${s.now}: ${variables.get(s.size)}`));
  return {
    kind: 'function',
    name: runnerOf(entry.name),
    doc: entryDocs[entry.name],
    parameters: [{ name: body === '' ? '_m' : 'm', type: 'Memory' }],
    returns: 'void',
    body: `${taken.length > 0 ? `const { ${taken.join(', ')} } = m;\n` : ''}${body}`,
  };
}

/** The interface Memory, and the functions that make it and let it grow. */
function memory(program: TrainerProgram, layout: Layout): Definition[] {
  const { sizes, fields } = layout;
  const planned = (buffer: Buffer): boolean => buffer.space === 'arena' || buffer.space === 'scratch';
  // An f32 input is the caller's own array; an input of integers is copied.
  const growing = [...fields].filter(([b]) => planned(b) || (b.space === 'input' && b.dtype !== 'f32'));
  const initial = [...fields].map(([buffer, field]) => {
    const type = arrayTypes[buffer.dtype];
    if (buffer.space === 'constant') return `${field}: new ${type}([${(buffer.data ?? []).map(String).join(', ')}])`;
    const live = !planned(buffer) && buffer.space !== 'input';
    return `${field}: new ${type}(${live ? printSize(buffer.length, layout) : 0})`;
  });
  const views = program.parameters.map((p) => [p.name, `m.${fields.get(p.buffer)}`] as const);
  const offsets = growing.map(([buffer, field]) => {
    const type = arrayTypes[buffer.dtype];
    const length = printSize(buffer.length, layout);
    const offset = program.memory.offsets.get(buffer);
    if (!planned(buffer)) return `m.${field} = new ${type}(${length});`;
    if (!offset) throw new Error(`${buffer.name} has no place in memory`);
    return `m.${field} = new ${type}(arena, ${times4(printSize(offset, layout))}, ${length});`;
  });
  const arena = growing.some(([b]) => planned(b))
    ? [
        sizes.length > 0
          ? `const arena = makeArena(${printSize(program.memory.length, layout)});`
          : `const arena = new ArrayBuffer(${times4(printSize(program.memory.length, layout))});`,
      ]
    : [];
  const rooms = sizes.map((s) => `m.${s.room} = ${s.variable};`);
  const zeros = sizes.flatMap((s) => [`${s.now}: 0`, `${s.room}: 0`]);
  const make = [
    `const m: Memory = {\n${[...zeros, ...initial, 'parameters: {} as Memory["parameters"]'].join(',\n')},\n};`,
    `m.parameters = ${objectOf(views)};`,
    ...(runsWithoutSizes(program) ? [`reserve(${['m', ...sizes.map(() => '1')].join(', ')});`] : []),
    'return m;',
  ];
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
        ...[...fields].map(([buffer, field]) => ({ name: field, type: arrayTypes[buffer.dtype] })),
        { name: 'parameters', type: 'Record<ParameterName, Float32Array>' },
      ],
    },
    {
      kind: 'function',
      name: 'createMemory',
      doc: 'Tensors that live across calls; the others get their place when the sizes are known.',
      parameters: [],
      returns: 'Memory',
      body: make.join('\n'),
    },
    {
      kind: 'function',
      name: 'reserve',
      doc: 'Lays the tensors of a call out in one arena, where those that are never needed together share a place.',
      parameters: [{ name: 'm', type: 'Memory' }, ...sizes.map((s) => ({ name: s.variable, type: 'number' }))],
      returns: 'void',
      body: [...arena, ...offsets, ...rooms].join('\n'),
    },
  ];
}

/** Is there a call whose inputs tell no size, so that none of its checks would ever make room? */
function runsWithoutSizes(program: TrainerProgram): boolean {
  const calls = [trainingInputs(program), ...(program.outputs.length > 0 ? [predictInputs(program)] : [])];
  return calls.some((inputs) => inputs.every(({ type }) => constantOf(elementCount(type)) !== undefined));
}

function times4(words: string): string {
  if (/^\d+$/.test(words)) return String(4 * Number(words));
  return `4 * (${words})`;
}
