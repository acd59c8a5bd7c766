// Builds a graph of ONNX: values by the nodes that they are of, numbers and sizes once each, names that no two values share.
import { isOp, type Node } from '../../ir/graph.js';
import { constantOf, printIndex, type Index } from '../../ir/index.js';
import { broadcast } from '../../ir/ops/movement.js';
import { constant, size } from '../../ir/ops/constants.js';
import { again, stopGradient } from '../../ir/ops/control.js';
import { ownGradient } from '../../ir/ops/ownGradient.js';
import { runKey, runsAmong, type ScanNode } from '../../ir/ops/scan.js';
import { reachable } from '../../ir/reachable.js';
import type { Dim, TensorType } from '../../ir/types.js';
import type { Attribute, Declared, ElementName, Graph, Operation, StoredTensor } from './model.js';
import { stored } from './numbers.js';
import { sizeValue } from './sizes.js';

/** A tensor of the graph. */
export interface Value {
  readonly name: string;
  readonly type: ElementName;
}

/** How nodes are said. */
export interface Speller {
  /** Says a node that is neither another's part nor said where it is read. */
  spell(node: Node, writer: Writer): Value;
  /** What is read to say a node, where that is not its inputs: some nodes are said as one operator. */
  parts(node: Node): readonly Node[];
  /** Is it a number that follows from what a trainer counts? Those are computed in double precision. */
  isCounted(node: Node): boolean;
}

/** What all graphs of a model have in common: its names, and what the outermost graph holds for those in loops. */
export interface Around {
  readonly speller: Speller;
  readonly taken: Set<string>;
  readonly stored: StoredTensor[];
  readonly numbers: Map<string, Value>;
  readonly sizes: Map<string, Value>;
  /** The dimensions of inputs that tell run-time sizes. */
  readonly told: (name: string) => Told;
}

/** Where a run-time size is told: a dimension of an input, which is factor · size + rest. */
export interface Told {
  readonly input: string;
  readonly axis: number;
  readonly factor: Index;
  readonly rest: Index;
}

export interface Setting {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly type?: ElementName;
  /** What the value is called, where it may. */
  readonly name?: string;
}

/** What the element type of a tensor is called. */
export function elementOf({ element }: TensorType): ElementName {
  return ({ f32: 'float', index: 'int64', bool: 'bool' } as const)[element.kind];
}

export class Writer {
  private readonly values = new Map<Node, Value>();
  /** Values of rank 0 in another precision, and values widened, by what they are made of. */
  private readonly derived = new Map<string, Value>();
  private runs: ReadonlyMap<string, readonly ScanNode[]> = new Map();

  constructor(
    readonly around: Around,
    readonly operations: Operation[],
    private readonly bound: ReadonlyMap<Node, Value> = new Map(),
    private readonly parent?: Writer,
  ) {}

  /** Says all that the roots are made of: inputs before what reads them. */
  say(roots: readonly Node[]): readonly Value[] {
    const { speller } = this.around;
    const order = reachable(roots, (node) => (this.bound.has(node) ? [] : speller.parts(node)));
    this.runs = runsAmong(order);
    for (const node of order) if (!isSaidWhereRead(node)) this.asSaid(node);
    return roots.map((root) => this.of(root));
  }

  /** The value of a node, which is said if it has not been; what is counted in double precision, as float. */
  of(node: Node): Value {
    const value = this.asSaid(node);
    return value.type === 'double' ? this.cast(value, 'float') : value;
  }

  private asSaid(node: Node): Value {
    const at = behind(node);
    const known = this.values.get(at) ?? this.bound.get(at);
    if (known) return known;
    const made = this.around.speller.spell(at, this);
    this.values.set(at, made);
    return made;
  }

  /** The results of the run of a loop that are read. */
  resultsOf(node: ScanNode): readonly ScanNode[] {
    return this.runs.get(runKey(node)) ?? [node];
  }

  note(node: Node, value: Value): void {
    this.values.set(node, value);
  }

  /** A writer into the body of a loop: `bound` gives its leaves. What is said outside, it may read. */
  inside(bound: ReadonlyMap<Node, Value>): Writer {
    return new Writer(this.around, [], bound, this);
  }

  /** A writer into the same graph, to which leaves are other values. */
  beside(bound: ReadonlyMap<Node, Value>): Writer {
    return new Writer(this.around, this.operations, bound, this);
  }

  /** Adds an operation of one result. */
  add(operator: string, inputs: readonly Value[], setting: Setting = {}): Value {
    const [value] = this.addAll(operator, inputs, [setting.type ?? inputs[0].type], setting);
    return value;
  }

  addAll(
    operator: string,
    inputs: readonly Value[],
    types: readonly ElementName[],
    { attributes = {}, name }: Setting = {},
  ): readonly Value[] {
    const results = types.map((type): Value => ({ name: this.take(name ?? operator.toLowerCase()), type }));
    this.operations.push({
      operator,
      inputs: inputs.map((input) => input.name),
      outputs: results.map((result) => result.name),
      attributes,
    });
    return results;
  }

  /** A name like this one that is no value's. */
  take(name: string): string {
    const { taken } = this.around;
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`;
    taken.add(free);
    return free;
  }

  /** A tensor in the file, once for equal ones. */
  number(values: readonly number[], type: ElementName, dims: readonly number[] = []): Value {
    const key = `${type} ${dims.join()}: ${values.map((v) => (Object.is(v, -0) ? '-0' : v)).join()}`;
    const { numbers, stored: list } = this.around;
    let known = numbers.get(key);
    if (!known) {
      const label = values.length === 1 ? `${type}_${values[0]}` : `${type}s`;
      known = { name: this.take(label), type };
      numbers.set(key, known);
      list.push(stored(known.name, values, type, dims));
    }
    return known;
  }

  /** A list of whole numbers: axes, a shape. */
  list(values: readonly number[]): Value {
    return this.number(values, 'int64', [values.length]);
  }

  /** The value as another type. */
  cast(value: Value, type: ElementName): Value {
    if (value.type === type) return value;
    const number = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 }[type];
    return this.once(`${value.name} as ${type}`, () =>
      this.add('Cast', [value], { attributes: { to: { int: number } }, type }),
    );
  }

  /** A run-time size, or what is computed of some: int64 of rank 0, made in the outermost graph. */
  size(of: Index): Value {
    return sizeValue(of, this.outermost());
  }

  /** Sizes as a list: of rank 1. */
  sizes(of: readonly Index[]): Value {
    const known = of.map(constantOf);
    if (known.every((n) => n !== undefined)) return this.list(known);
    const { sizes } = this.around;
    const key = `[${of.map((index) => index.key).join()}]`;
    const found = sizes.get(key);
    if (found) return found;
    const outermost = this.outermost();
    const parts = of.map((index, i) => {
      const n = known[i];
      return n === undefined ? outermost.add('Unsqueeze', [this.size(index), this.list([0])]) : this.list([n]);
    });
    const made =
      parts.length === 1
        ? parts[0]
        : outermost.add('Concat', parts, { attributes: { axis: { int: 0 } }, name: 'shape' });
    sizes.set(key, made);
    return made;
  }

  /** The size of a dimension that is no run-time size. */
  known({ size: of }: Dim): number {
    const known = constantOf(of);
    if (known === undefined) throw new Error(`a number of elements is known at run time alone: ${of.key}`);
    return known;
  }

  shape(dims: readonly Dim[]): Value {
    return this.sizes(dims.map((d) => d.size));
  }

  /** The same elements in another shape. One size that is not known may be left to the engine. */
  reshaped(value: Value, dims: readonly Dim[], name?: string): Value {
    const known = dims.map((d) => constantOf(d.size));
    const unknown = known.filter((n) => n === undefined).length;
    const shape = unknown <= 1 ? this.list(known.map((n) => n ?? -1)) : this.shape(dims);
    return this.add('Reshape', [value, shape], { name });
  }

  /** A node's value in a form that goes with others to this shape: with new axes of size 1 rather than repeated. */
  operands(nodes: readonly Node[], { shape }: TensorType): readonly Value[] {
    const at = nodes.map(behind);
    const given = shape.map(() => false);
    for (const node of at)
      shape.forEach((_, axis) => {
        if (!isOp(node, broadcast) || !node.attrs.axes.includes(axis)) given[axis] = true;
      });
    shape.forEach(({ size: n }, axis) => {
      if (constantOf(n) === 1) given[axis] = true;
    });
    const isWhole = given.every((is) => is);
    const widened = isWhole ? -1 : at.findIndex((node) => isOp(node, broadcast));
    return at.map((node, i) => (isOp(node, broadcast) && i !== widened ? this.thin(node) : this.of(node)));
  }

  /** What a broadcast repeats, with axes of size 1 where it does. */
  thin(node: Node): Value {
    if (!isOp(node, broadcast)) return this.of(node);
    const [x] = node.inputs;
    const { axes } = node.attrs;
    const value = this.of(x);
    const firstKept = node.type.shape.findIndex((_, axis) => !axes.includes(axis));
    // Axes before the first one of x align by themselves.
    const inner = firstKept < 0 ? [] : axes.filter((axis) => axis > firstKept).map((axis) => axis - firstKept);
    if (inner.length === 0) return value;
    return this.once(`${value.name} at ${inner.join()}`, () => this.add('Unsqueeze', [value, this.list(inner)]));
  }

  /** An input of a counted node: a number in double precision. */
  double(node: Node): Value {
    const at = behind(node);
    if (at.type.element.kind === 'bool') return this.of(at);
    if (isOp(at, constant)) return this.number([at.attrs.value], 'double');
    if (isOp(at, size)) return this.cast(this.size(at.attrs.of), 'double');
    return this.cast(this.asSaid(at), 'double');
  }

  /** What is made once of a value. */
  once(key: string, make: () => Value): Value {
    let known = this.derived.get(key);
    if (!known) this.derived.set(key, (known = make()));
    return known;
  }

  /** One of two values, by a condition of rank 0. */
  choose(is: Value, a: Value, b: Value): Value {
    if (a.name === b.name) return a;
    return this.add('Where', [is, a, b], { type: a.type });
  }

  /** Gives a value a name that is not one's that this has taken. */
  output(value: Value, name: string): void {
    this.operations.push({ operator: 'Identity', inputs: [value.name], outputs: [name], attributes: {} });
  }

  /** The graph of a loop's body. */
  graph(name: string, inputs: readonly Declared[], outputs: readonly Declared[]): Graph {
    return { name, operations: this.operations, stored: [], inputs, outputs };
  }

  outermost(): Writer {
    return this.parent ? this.parent.outermost() : this;
  }
}

/** A value of the model's type: a size known at run time bears its name. */
export function declare(name: string, type: TensorType): Declared {
  return { name, type: elementOf(type), dims: type.shape.map((d) => constantOf(d.size) ?? dimensionName(d)) };
}

function dimensionName({ size: of }: Dim): string {
  return printIndex(of);
}

/** Nodes that are one value to a format without derivatives. */
export function behind(node: Node): Node {
  let at = node;
  while (isOp(at, stopGradient, again, ownGradient)) at = at.inputs[0];
  return at;
}

/** Repeated values and numbers: how they are said depends on what reads them. */
function isSaidWhereRead(node: Node): boolean {
  return isOp(node, broadcast, constant, stopGradient, again, ownGradient);
}
