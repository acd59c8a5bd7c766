// A kernel as a compute shader, under a comment that says what it computes and where that comes from.
import { add, constantOf, div, mod, toIndex, type Axis, type Index } from '../../ir/index.js';
import { memoryOf, type Kernel } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { Scope } from '../text/names.js';
import { provenanceComment } from '../text/provenance.js';
import { KernelScope } from '../text/scope.js';
import { usesOf } from '../uses.js';
import { functions, ofVectors } from './functions.js';
import { reservedWords } from './names.js';
import { printAddress, type KernelNames } from './scalar.js';
import { printStatements, type Surroundings } from './statements.js';
import { totalName, totalNames } from './totals.js';
import { vectorsOf } from './vectors.js';

/** More groups than this are spread over two dimensions. */
const mostGroups = 65_535;

/** What kernels have in common. */
export interface Shaders {
  /** Names that are taken at the top of the text. */
  readonly scope: Scope;
  /** Where a buffer begins, in elements or in vectors of four; undefined for one element of the uniform `call`. */
  start(buffer: Buffer, inVectors: boolean): { readonly text: string; readonly constant: boolean } | undefined;
  /** The round of a loop around dispatches, or a number that the call gives. */
  turn(axis: Axis): string;
  /** The field of `call` that holds a size, or an element. */
  field(of: string | Buffer): string;
}

/** Names of the bindings and of what every kernel may use. */
export const turnNames = ['turn', 'innerTurn', 'innermostTurn'] as const;
export const sharedNames: readonly string[] = [
  ...['floats', 'vectors', 'halves', 'halfVectors', 'integers', 'call', 'Call', 'Turn', 'given', 'Given'],
  ...turnNames,
  ...totalNames,
  ...Object.keys(functions).flatMap((name) => [name, `${name}${ofVectors}`]),
];

/** The memories as vectors of four. */
const vectorMemories = { floats: 'vectors', halves: 'halfVectors', integers: 'integers' } as const;

const elementTypes: Record<Buffer['dtype'], string> = { f32: 'f32', f16: 'f16', i32: 'i32', u32: 'u32' };

/** Prints the kernel as an entry point of this name, with what it shares within a workgroup. */
export function printKernel(kernel: Kernel, name: string, shaders: Shaders): string {
  const [threads = 1] = kernel.threads ?? [];
  const scope = new KernelScope(new Scope([...reservedWords, ...sharedNames]));
  const ids = { group: scope.fresh('group'), groups: scope.fresh('groups'), local: scope.fresh('local') };
  const memory = declared(kernel, name, scope, shaders);
  const around = surroundings(kernel, threads, ids, memory, shaders);
  const lines = [...memory.lines, ...printStatements(kernel.body, scope.inside(), around)];
  const text = lines.join('\n');
  const parameters = [
    ['workgroup_id', ids.group, 'vec3u'],
    ['num_workgroups', ids.groups, 'vec3u'],
    ['local_invocation_index', ids.local, 'u32'],
  ]
    .filter(([, id]) => new RegExp(`\\b${id}\\b`).test(text))
    .map(([builtin, id, type]) => `@builtin(${builtin}) ${id}: ${type}`);
  return [
    ...memory.shared,
    provenanceComment(kernel),
    `@compute @workgroup_size(${threads})`,
    `fn ${name}(${parameters.join(', ')}) {`,
    ...lines.map((line) => `  ${line}`),
    '}',
  ].join('\n');
}

/** What stands before a kernel's statements. */
interface Declared {
  /** Of the function: its sizes, and where buffers begin. */
  readonly lines: readonly string[];
  /** Before the function: the workgroup's memory. */
  readonly shared: readonly string[];
  /** By which text each buffer is found; those that have none are in the uniform `call`. */
  readonly starts: ReadonlyMap<Buffer, string>;
  readonly inVectors: (buffer: Buffer) => boolean;
}

function declared(kernel: Kernel, name: string, scope: KernelScope, shaders: Shaders): Declared {
  const uses = usesOf(kernel);
  const inVectors = vectorsOf(kernel);
  const lines: string[] = [];
  const shared: string[] = [];
  const starts = new Map<Buffer, string>();
  for (const size of [...uses.sizes].sort()) lines.push(`let ${scope.bindSize(size)} = call.${shaders.field(size)};`);
  for (const axis of uses.axes) lines.push(`let ${scope.bindAxis(axis)} = ${shaders.turn(axis)};`);
  for (const buffer of uses.buffers) {
    if (buffer.space === 'workgroup') {
      const length = constantOf(buffer.length);
      if (length === undefined) throw new Error(`${buffer.name} has no fixed length`);
      const own = shaders.scope.take(`${name}_${buffer.name}`);
      const [type, count] = inVectors(buffer)
        ? [`vec4<${elementTypes[buffer.dtype]}>`, length / 4]
        : [elementTypes[buffer.dtype], length];
      shared.push(`var<workgroup> ${own}: array<${type}, ${count}>;`);
      starts.set(buffer, own);
      continue;
    }
    const start = shaders.start(buffer, inVectors(buffer));
    if (!start) continue;
    const own = scope.bindBuffer(buffer);
    lines.push(`${start.constant ? 'const' : 'let'} ${own} = ${start.text};`);
    starts.set(buffer, own);
  }
  return { lines, shared, starts, inVectors };
}

/** What an invocation is told of itself, by the names that the kernel has for it. */
interface Ids {
  readonly group: string;
  readonly groups: string;
  readonly local: string;
}

function surroundings(
  kernel: Kernel,
  threads: number,
  ids: Ids,
  { starts, inVectors }: Declared,
  shaders: Shaders,
): Surroundings {
  const [grid] = kernel.grid ?? [];
  if (!grid) throw new Error(`${kernel.name} has no grid`);
  const spread = (constantOf(grid) ?? Infinity) > mostGroups;
  const groupNumber = spread ? `${ids.group}.x + ${ids.groups}.x * ${ids.group}.y` : `${ids.group}.x`;
  /** An element, or a vector, in the memory of a buffer. */
  const inMemory = (buffer: Buffer, at: Index, names: KernelNames): string => {
    const start = starts.get(buffer) ?? '';
    const { text } = printAddress(at, names);
    if (buffer.space === 'workgroup') return `${start}[${text}]`;
    const memory = memoryOf(buffer);
    const name = inVectors(buffer) ? vectorMemories[memory] : memory;
    return `${name}[${start}${at.terms.length === 0 ? '' : ` + ${text}`}]`;
  };
  const four = toIndex(4);
  return {
    element: (buffer, at, names) => {
      if (!starts.has(buffer)) return `call.${shaders.field(buffer)}`;
      if (!inVectors(buffer)) return inMemory(buffer, at, names);
      return `${inMemory(buffer, div(at, four), names)}[${printAddress(mod(at, four), names).text}]`;
    },
    vector: (buffer, at, names) => {
      if (inVectors(buffer)) return inMemory(buffer, div(at, four), names);
      const parts = [0, 1, 2, 3].map((n) => inMemory(buffer, add(at, n), names));
      return `vec4<${elementTypes[buffer.dtype]}>(${parts.join(', ')})`;
    },
    total: (total, name) => `${totalName(total)}(${name}, ${ids.local}, ${threads}u)`,
    number: (loop, inGroup) => {
      if (loop.as === 'group') return { text: `i32(${groupNumber})`, mayPass: spread };
      if (inGroup) return { text: `i32(${ids.local})`, mayPass: false };
      const text = `i32(${threads}u * ${spread ? `(${groupNumber})` : groupNumber} + ${ids.local})`;
      return { text, mayPass: (constantOf(loop.to) ?? NaN) % threads !== 0 || spread };
    },
  };
}
