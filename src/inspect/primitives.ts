// The primitive operations, which everything else becomes: as the language writes them, with their derivatives.
import { createBuilder } from '../ir/builder.js';
import { createWriter } from '../ir/formula.js';
import { printFormula } from '../ir/formula/text.js';
import type { Element, Node, Op, Sample } from '../ir/graph.js';
import { axis, constant, constantOf, toIndex, type Index } from '../ir/index.js';
import { input } from '../ir/ops/leaves.js';
import { ops } from '../ir/ops/registry.js';
import { printAddress, printAssignment } from '../ir/printProgram.js';
import { local, type ScalarType } from '../ir/scalar.js';
import { rules } from '../passes/derive/simplify.js';
import { bool, dim, f32, printType, tensor, type ElementType, type TensorType } from '../ir/types.js';

export interface Use {
  readonly operands: readonly { readonly name: string; readonly type: string }[];
  readonly formula: string;
  /** The same as people write it. */
  readonly mathematics: string;
  readonly type: string;
  /** One element of the result by elements of the operands, what it has several times first: `y[i] = x[i] + 1`. */
  readonly element: readonly string[];
  /** The cotangents of the operands: `d_a = d_y * b`. */
  readonly derivative: readonly string[];
}

export interface Primitive {
  readonly kind: Op['kind'];
  /** As stages of a compilation print it. */
  readonly name: string;
  readonly summary: string;
  /** A use: the types of what it is applied to, and the formula with its type; absent for what has no operands. */
  readonly use?: Use;
  /** All of them, also without operands. */
  readonly uses: readonly Use[];
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
  const uses = op.samples.flatMap((sample) => applied(op, sample) ?? []);
  const equations = rules.flatMap(({ ops: of, equation, given }) =>
    of.includes(op) ? [given === undefined ? equation : `${equation}, where ${given}`] : [],
  );
  const { name, kind, summary } = op;
  const use = uses.find(({ operands }) => operands.length > 0);
  return { name, kind, summary, ...(use && { use }), uses, rules: equations };
}

/** One use with its types, and what the cotangents of its inputs are. */
function applied(op: Op, sample: Sample): Use | undefined {
  const g = createBuilder();
  const names = sample.inputs.length === 1 ? ['x'] : ['a', 'b', 'c', 'd', 'e'];
  const inputs = sample.inputs.flatMap((text, i) => {
    const type = typeOf(text);
    return type ? [g.make(input, [], { name: names[i], type })] : [];
  });
  if (inputs.length < sample.inputs.length) return undefined;
  const node = g.make(op, inputs, sample.attrs);
  const operands = inputs.map(({ type }, i) => ({ name: names[i], type: printType(type) }));
  const said = createWriter(() => undefined)(node);
  const text = printFormula(said);
  // What is written as its operand: a broadcast.
  const same = names.includes(text);
  const formula = same ? `${op.name}(${text})` : text;
  const mathematics = same ? formula : printFormula(said, 'math');
  const type = printType(node.type);
  return {
    operands,
    formula,
    mathematics,
    type,
    element: elementOf(node, names),
    derivative: derivative(op, node, names),
  };

  function derivative({ vjp }: Op, y: Node, of: readonly string[]): string[] {
    if (!vjp) return [];
    const cotangent = g.make(input, [], { name: 'd_y', type: y.type });
    const write = createWriter((n) => (n === y ? 'y' : undefined));
    return vjp(cotangent, y, g).flatMap((d, i) => (d ? [`d_${of[i]} = ${printFormula(write(d))}`] : []));
  }
}

const letters = ['i', 'j', 'k', 'l', 'm', 'n'];

/** The element rule at coordinates i, j, …; operands are written with theirs. */
function elementOf(node: Node, names: readonly string[]): string[] {
  const { op, inputs, type } = node;
  if (op.kind !== 'element') return [];
  const written = (name: string, at: readonly Index[]): string =>
    at.length === 0 ? name : `${name}[${at.map((index) => printAddress(index)).join(', ')}]`;
  const at = type.shape.map((d, i) => toIndex(axis(letters[i], d.size)));
  const read = inputs.map(({ type: { element } }, n): Element => (place) => {
    const name = written(names[n], place);
    const below = element.kind === 'index' ? constantOf(element.size) : undefined;
    return { ...local(name, scalarTypes[element.kind]), ...(below !== undefined && { below }) };
  });
  return printAssignment(`${written('y', at)} =`, op.element(at, read, node), '');
}

const scalarTypes: Readonly<Record<ElementType['kind'], ScalarType>> = { f32: 'f32', index: 'i32', bool: 'bool' };

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
