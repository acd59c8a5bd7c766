// The primitive operations, which everything else becomes: as the language writes them, with their derivatives.
import { createBuilder } from '../ir/builder.js';
import { createWriter } from '../ir/formula.js';
import type { Node, Op, Sample } from '../ir/graph.js';
import { constant } from '../ir/index.js';
import { input } from '../ir/ops/leaves.js';
import { ops } from '../ir/ops/registry.js';
import { rules } from '../passes/derive/simplify.js';
import { bool, dim, f32, printType, tensor, type ElementType, type TensorType } from '../ir/types.js';

export interface Primitive {
  /** As stages of a compilation print it. */
  readonly name: string;
  readonly summary: string;
  /** A use: the types of what it is applied to, and the formula with its type; absent for what has no operands. */
  readonly use?: {
    readonly operands: readonly { readonly name: string; readonly type: string }[];
    readonly formula: string;
    readonly type: string;
    /** The cotangents of the operands: `d_a = d_y * b`. */
    readonly derivative: readonly string[];
  };
  /** What the simplifier knows of it, as equations. */
  readonly rules: readonly string[];
}

/** Every primitive operation, in order of name: bundlers differ in the order of the registry. */
export function listPrimitives(): Primitive[] {
  return ops.map((op) => primitive(op)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The page of one primitive. */
export function describePrimitive({ name, summary, use, rules }: Primitive): string {
  const lines = [`${name}: primitive operation`, `  ${summary}`];
  if (use) {
    const types = use.operands.map((operand) => `  ${operand.name}: ${operand.type}`);
    lines.push('', ...types, `  y = ${use.formula}: ${use.type}`, '');
    lines.push(...(use.derivative.length > 0 ? use.derivative : ['no gradient flows through it']).map((l) => `  ${l}`));
  }
  if (rules.length > 0) lines.push('', '  simplifies by', ...rules.map((rule) => `    ${rule}`));
  return lines.join('\n');
}

function primitive(op: Op): Primitive {
  const use = op.samples.length > 0 ? applied(op, op.samples[0]) : undefined;
  const equations = rules.flatMap(({ ops: of, equation, given }) =>
    of.includes(op) ? [given === undefined ? equation : `${equation}, where ${given}`] : [],
  );
  return { name: op.name, summary: op.summary, ...(use && { use }), rules: equations };
}

/** One use with its types, and what the cotangents of its inputs are. */
function applied(op: Op, sample: Sample): Primitive['use'] {
  const g = createBuilder();
  const names = sample.inputs.length === 1 ? ['x'] : ['a', 'b', 'c', 'd', 'e'];
  const inputs = sample.inputs.flatMap((text, i) => {
    const type = typeOf(text);
    return type ? [g.make(input, [], { name: names[i], type })] : [];
  });
  if (inputs.length === 0 || inputs.length < sample.inputs.length) return undefined;
  const node = g.make(op, inputs, sample.attrs);
  const operands = inputs.map(({ type }, i) => ({ name: names[i], type: printType(type) }));
  const text = createWriter(() => undefined)(node).text;
  // What is written as its operand: a broadcast.
  const formula = names.includes(text) ? `${op.name}(${text})` : text;
  return { operands, formula, type: printType(node.type), derivative: derivative(op, node, names) };

  function derivative({ vjp }: Op, y: Node, of: readonly string[]): string[] {
    if (!vjp) return [];
    const cotangent = g.make(input, [], { name: 'd_y', type: y.type });
    const write = createWriter((n) => (n === y ? 'y' : undefined));
    return vjp(cotangent, y, g).flatMap((d, i) => (d ? [`d_${of[i]} = ${write(d).text}`] : []));
  }
}

/** Reads `f32[2, 3]`, `index(4)[2]`, `bool[3]` or `f32`. */
function typeOf(text: string): TensorType | undefined {
  const match = /^(f32|bool|index\((\d+)\))(?:\[([\d, ]*)\])?$/.exec(text);
  if (!match) return undefined;
  const element: ElementType =
    match[1] === 'f32' ? f32 : match[1] === 'bool' ? bool : { kind: 'index', size: constant(Number(match[2])) };
  const sizes = match[3] ? match[3].split(',').map(Number) : [];
  return tensor(
    sizes.map((size) => dim(constant(size))),
    element,
  );
}
