// The functions of the modules that are written: what each takes and gives, and its text.
import { everyNode } from '../../ir/bodies.js';
import { isOp, type Node } from '../../ir/graph.js';
import type { ModelInput, Named } from '../../ir/model.js';
import { counter, input, type CounterName } from '../../ir/ops/leaves.js';
import { heldBy, type Held, type Next } from '../graphs.js';
import { Block, type Value } from './block.js';
import { Names } from './names.js';
import { writeNodes } from './nodes.js';
import { dtypeOf, spell, type, type SizeOf, type Type } from './types.js';

/** What a function computes. */
export interface Outline {
  /** `step`, `step.critic` */
  readonly name: string;
  readonly results: readonly Named[];
  /** Tensors that it gives other values. */
  readonly updates: readonly Next[];
}

/** What there is to take: a function takes what it reads. */
export interface Given {
  readonly inputs: readonly ModelInput[];
  readonly held: readonly Held[];
}

/** What a function takes and gives, in order. Its parameters are the tensors, the inputs, the counters; its results the results, then the updates. */
export interface Signature {
  readonly function: string;
  readonly tensors: readonly string[];
  readonly inputs: readonly string[];
  readonly counters: readonly CounterName[];
  readonly results: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: string }[];
  readonly updates: readonly string[];
}

export interface WrittenFunction {
  readonly signature: Signature;
  readonly text: string;
}

/** In the order in which functions take them. */
const counters = ['update', 'run', 'learning_rate_scale', 'draw', 'seed'] as const satisfies readonly CounterName[];

/** A value that comes from outside. */
interface Parameter {
  readonly name: string;
  readonly type: Type;
  /** What reads it. */
  readonly leaves: readonly Node[];
}

/** Writes a function. `sizeOf` knows the batch. */
export function writeFunction(
  { name, results, updates }: Outline,
  { inputs, held }: Given,
  sizeOf: SizeOf,
): WrittenFunction {
  const roots = [...results, ...updates].map(({ node }) => node);
  const leaves = leavesOf(roots);
  const updated = new Set(updates.map((next) => next.name));
  const parameter = (of: string, shaped: Held, key: string): Parameter[] => {
    const reading = leaves.get(key) ?? [];
    const { element, shape } = shaped.type;
    const dims = shape.map(({ size }) => sizeOf(size));
    return reading.length > 0 || (key.startsWith('held ') && updated.has(of))
      ? [{ name: of, type: type(dtypeOf(element), dims), leaves: reading }]
      : [];
  };
  const tensors = held.flatMap((each) => parameter(each.name, each, `held ${each.name}`));
  const taken = inputs.flatMap((each) => parameter(each.name, each, `input ${each.name}`));
  const counted = counters.flatMap((each): Parameter[] => {
    const reading = leaves.get(`counter ${each}`) ?? [];
    return reading.length === 0 ? [] : [{ name: each, type: type(dtypeOf(reading[0].type.element)), leaves: reading }];
  });
  const all = [...tensors, ...taken, ...counted];
  const { text, made } = body(name, all, roots, sizeOf);
  return {
    text,
    signature: {
      function: name,
      tensors: tensors.map((each) => each.name),
      inputs: taken.map((each) => each.name),
      counters: counted.map((each) => each.name as CounterName),
      results: results.map((each, i) => ({ name: each.name, shape: made[i].type.dims, dtype: made[i].type.dtype })),
      updates: updates.map((each) => each.name),
    },
  };
}

/** The leaves that some nodes reach, by what they read: several may read one. */
function leavesOf(roots: readonly Node[]): ReadonlyMap<string, readonly Node[]> {
  const found = new Map<string, Node[]>();
  for (const node of everyNode(roots)) {
    const tensor = heldBy(node);
    const key = isOp(node, input)
      ? `input ${node.attrs.name}`
      : isOp(node, counter)
        ? `counter ${node.attrs.name}`
        : tensor === undefined
          ? undefined
          : `held ${tensor}`;
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), node]);
  }
  return found;
}

/** The text of a function, and its results. */
function body(
  name: string,
  parameters: readonly Parameter[],
  roots: readonly Node[],
  sizeOf: SizeOf,
): { readonly text: string; readonly made: readonly Value[] } {
  const names = new Names();
  const block = new Block(names, '    ');
  const leaves = new Map<Node, Value>();
  const head = parameters.map((parameter) => {
    const value = { text: names.like(parameter.name) ?? names.fresh(), type: parameter.type };
    for (const leaf of parameter.leaves) leaves.set(leaf, value);
    return `${value.text}: ${spell(value.type)}`;
  });
  const made = writeNodes(block, roots, leaves, sizeOf);
  const types = made.map((value) => spell(value.type)).join(', ');
  const lines = [
    `  func.func public ${symbol(name)}(${head.join(', ')}) -> (${types}) {`,
    ...block.lines,
    `    return ${made.map((value) => value.text).join(', ')} : ${types}`,
    '  }',
  ];
  return { text: lines.join('\n'), made };
}

/** `@step`, `@"step.critic"` */
function symbol(name: string): string {
  return /^[A-Za-z_][\w]*$/.test(name) ? `@${name}` : `@${JSON.stringify(name)}`;
}

/** A module of functions. */
export function moduleText(name: string, comment: readonly string[], functions: readonly WrittenFunction[]): string {
  return [
    ...comment.map((line) => `// ${line}`),
    `module ${symbol(name)} {`,
    ...functions.map(({ text }) => text),
    '}',
    '',
  ].join('\n');
}
