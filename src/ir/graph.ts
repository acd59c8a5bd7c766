// The graph: typed tensor operations, hash-consed by the builder. A graph is what its outputs reach.
import type { Formula, Operator, Prefix, Setting } from './formula/tree.js';
import type { Index } from './index.js';
import type { OpName } from './ops/registry.js';
import type { Scalar } from './scalar.js';
import type { TensorType } from './types.js';

/** Where in the user's source a node comes from. */
export interface Origin {
  /** As it is shown: see SourceLine. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The library or user function whose call made it, outermost first: `cross_entropy`. */
  readonly calls: readonly string[];
  /** The same, numbered within their binding: of two calls of `relu` the later is `relu_2`. */
  readonly sites: readonly string[];
  /** The bindings and instances that lead there: `h.dense`. */
  readonly path: string;
}

/** What a node is there for, whatever it is called. A node that is made a second time keeps the role it had first. */
export type Role =
  /** A value of the model. What a derivative needs of those is one of them still. */
  | { readonly kind: 'forward' }
  /**
   * Made by the chain rule at the step `from`: the derivative by `of`, or a term of one where that is absent. What is differentiated is the
   * loss where `by` does not say another.
   */
  | { readonly kind: 'cotangent'; readonly of?: Node; readonly from: Node; readonly by?: Node }
  /** Made of a gradient by an optimizer. */
  | { readonly kind: 'update' };

export type Attrs = Readonly<Record<string, unknown>>;

/** One tensor value. Invariant: built by a Builder only, so that equal expressions are the same object. */
export interface Node<A extends Attrs = Attrs> {
  readonly id: number;
  readonly op: Op<A>;
  readonly inputs: readonly Node[];
  readonly attrs: A;
  readonly type: TensorType;
  /** Op, attributes and input ids: the hash-consing key. */
  readonly key: string;
  /** The part of the key that is of the attributes. */
  readonly attrsKey: string;
  role: Role;
  /** Is it written down as its author wrote it, because a name was given to it? */
  kept: boolean;
  /** What it was called (`hidden`). The first name given stays. A label: no pass reads it, nor the two that follow. */
  name?: string;
  /** Where it stands in the model, by bindings and instances (`h.dense`): what it is called by where its author gave it no name. */
  place?: string;
  /** The place or the word of what an activation makes of it, as `h` of h = tanh(z): by that it is called `z_h`, where nobody named it. */
  activation?: string;
  origin?: Origin;
}

/** Reads one element of an input at the given coordinates (one index a dimension). */
export type Element = (at: readonly Index[]) => Scalar;

/** What every primitive operation states: its type, its derivative, how it is written. Ops do not broadcast: elaboration inserts broadcast nodes. */
interface OpRecord<A extends Attrs> {
  /** What it is called where a graph is printed. Nothing else asks for it: an op is known by its identity (`isOp`). */
  readonly name: OpName;
  /** One sentence for docs, with the convention at kinks. */
  readonly summary: string;
  /** The result's type. Inputs were checked by whoever builds; throws on misuse (our bug). */
  type(inputs: readonly TensorType[], attrs: A): TensorType;
  /** The cotangent of each input (undefined: none flows), as graph nodes. Absent: not differentiable, cotangents stop here. */
  vjp?(cotangent: Node, node: Node<A>, g: Builder): readonly (Node | undefined)[];
  /** The rule of its derivative, as mathematics states it: `d tanh(u) = (1 - tanh(u)²) du`. */
  readonly rule?: string;
  /** How it is written in formulas and in `nnc grad`. Absent: as a call of the op's name. */
  readonly notation?: Notation<A>;
  /** Example uses for docs, typing tests, gradient checks and parity tests of every target. */
  readonly samples: readonly Sample[];
}

/** A value that a graph starts from: it lives in a buffer. */
export interface LeafOp<A extends Attrs = Attrs> extends OpRecord<A> {
  readonly kind: 'leaf';
}

/** A function from coordinates to a scalar: one element of the result by elements of the inputs. */
export interface ElementOp<A extends Attrs = Attrs> extends OpRecord<A> {
  readonly kind: 'element';
  /** Its inputs have the result's shape, and an element comes of theirs at its own coordinates. */
  readonly elementwise?: true;
  element(at: readonly Index[], inputs: readonly Element[], node: Node<A>): Scalar;
}

/** A computation of its own kind: its result lives in a buffer, and no element of it is a function of its coordinates alone. */
export interface StructuredOp<A extends Attrs = Attrs> extends OpRecord<A> {
  readonly kind: 'structured';
}

/** A primitive operation. */
export type Op<A extends Attrs = Attrs> = LeafOp<A> | ElementOp<A> | StructuredOp<A>;

/** Is the node one of these operations? Its attributes are then theirs. */
export function isOp<A extends readonly Attrs[]>(
  node: Node,
  ...ops: { readonly [I in keyof A]: Op<A[I]> }
): node is Node<A[number]> {
  return (ops as readonly unknown[]).includes(node.op);
}

/** Have its inputs the result's shape, and does each element come of theirs at its own coordinates? */
export function isElementwise({ op }: Node): boolean {
  return op.kind === 'element' && op.elementwise === true;
}

/** The node that one is made from by nothing but these operations: what a broadcast repeats, for one. */
export function through(node: Node, ops: readonly Op[]): Node {
  let at = node;
  while (ops.includes(at.op)) at = at.inputs[0];
  return at;
}

/** A node of an operation: `NodeOf<typeof permute>`. */
export type NodeOf<O> = O extends Op<infer A> ? Node<A> : never;

export type Notation<A extends Attrs = Attrs> =
  /** `a + b` */
  | { readonly kind: 'infix'; readonly operator: Operator }
  /** `-x`, `not x` */
  | { readonly kind: 'prefix'; readonly operator: Prefix }
  /** `exp(x)`, `sum(x, axis = 1)`: the inputs, then `rest`. `math`: as mathematics calls it. */
  | { readonly kind: 'call'; readonly name: string; readonly math?: string; rest?(node: Node<A>): readonly Setting[] }
  /** Written as its first input: broadcasting is not seen. */
  | { readonly kind: 'same' }
  /** Anything else, from the inputs' formulas. */
  | { readonly kind: 'form'; write(inputs: readonly Formula[], node: Node<A>): Formula };

export interface Sample {
  /** Types as the language writes them: `f32[2, 3]`, `index(4)[2]`, `bool[3]`. */
  readonly inputs: readonly string[];
  readonly attrs: Attrs;
  /** The interval from which f32 inputs are drawn; default [-2, 2]. */
  readonly domain?: readonly [number, number];
  /** False where central differences cannot apply (a step function). */
  readonly smooth?: boolean;
}

/** Makes nodes. `ops/` gives the typed calls (`add(g, a, b)`); `make` is what they stand on. */
export interface Builder {
  /** How many nodes there are: those made from here on have no smaller id. */
  readonly size: number;
  make<A extends Attrs>(op: Op<A>, inputs: readonly Node[], attrs: A): Node<A>;
  /** Runs `build` with the given origin for the nodes that it makes, and the role; each as before where absent. At first nodes are forward. */
  at<T>(origin: Origin | undefined, build: () => T, role?: Role): T;
  /** Runs `build`, which makes what stands for a node: of its origin and kind. */
  like<T>(node: Node, build: () => T): T;
}
