// Coordinates and scalar values in double precision, with every access checked. Each is taken apart once, into closures over where loops are.
import { evaluateSizes, type Atom, type Axis, type Index } from '../../src/ir/index.js';
import { foldIdentity, type Buffer, type FoldOp, type Scalar, type ScalarOp } from '../../src/ir/scalar.js';

export type Memory = Map<Buffer, Float64Array>;
export type Sizes = Readonly<Record<string, number>>;

/** Four lanes, or one value. */
export type Value = number | readonly number[];

export interface State {
  readonly memory: Memory;
  readonly sizes: Sizes;
  readonly axes: Map<Axis, number>;
  readonly locals: Map<string, Value>;
  /** Told of every access, a store or a load. */
  readonly watch?: (buffer: Buffer, at: number, stores: boolean) => void;
}

export type Run<T> = (state: State) => T;

export function allocate(buffers: Iterable<Buffer>, sizes: Sizes, fill: (buffer: Buffer, i: number) => number): Memory {
  const memory: Memory = new Map();
  for (const buffer of buffers) {
    const length = evaluateSizes(buffer.length, (name) => sizes[name]);
    memory.set(
      buffer,
      Float64Array.from({ length }, (_, i) => fill(buffer, i)),
    );
  }
  return memory;
}

export function access(buffer: Buffer, at: number, { memory }: State): Float64Array {
  const data = memory.get(buffer);
  if (!data) throw new Error(`no buffer ${buffer.name}`);
  if (!(at >= 0 && at < data.length)) throw new Error(`${buffer.name}[${at}] is out of range (${data.length})`);
  return data;
}

/** What is made of an object, once. */
export function once<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const made = new WeakMap<K, V>();
  return (of) => {
    const known = made.get(of);
    if (known !== undefined) return known;
    const value = make(of);
    made.set(of, value);
    return value;
  };
}

/** The value of a coordinate. */
export const indexClosure = once(({ terms }: Index): Run<number> => {
  const parts = terms.map(({ factor, atoms }) => ({ factor, atoms: atoms.map(atomClosure) }));
  return (state) => {
    let sum = 0;
    for (const { factor, atoms } of parts) {
      let times = factor;
      for (const atom of atoms) times *= atom(state);
      sum += times;
    }
    return sum;
  };
});

function atomClosure(part: Atom): Run<number> {
  switch (part.kind) {
    case 'size':
      return ({ sizes }) => sizes[part.name];
    case 'axis':
      return ({ axes }) => {
        const known = axes.get(part);
        if (known === undefined) throw new Error(`${part.name} is not bound`);
        return known;
      };
    case 'sum':
      return indexClosure(part.of);
    case 'quotient': {
      const [dividend, by] = [indexClosure(part.of), indexClosure(part.by)];
      return (state) => {
        const of = dividend(state);
        if (of < 0) throw new Error('a negative index under a quotient');
        return Math.floor(of / by(state));
      };
    }
    case 'element':
      return single(valueClosure(part.of), 'an element');
    default:
      return part satisfies never;
  }
}

/** The value of a scalar expression. */
export const valueClosure = once((value: Scalar): Run<Value> => {
  switch (value.kind) {
    case 'number':
      return () => value.value;
    case 'index': {
      const first = indexClosure(value.of);
      return value.lanes ? (state) => [0, 1, 2, 3].map((i) => first(state) + i) : first;
    }
    case 'load':
      return loadClosure(value);
    case 'apply':
      return applyClosure(value);
    case 'fold':
      return foldClosure(value);
    case 'local':
      return ({ locals }) => {
        const known = locals.get(value.name);
        if (known === undefined) throw new Error(`no let ${value.name}`);
        if ((typeof known === 'number' ? 1 : known.length) !== (value.lanes ?? 1))
          throw new Error(`${value.name}: lanes`);
        return known;
      };
    case 'splat': {
      const of = single(valueClosure(value.of), 'a splat');
      return (state) => {
        const one = of(state);
        return [one, one, one, one];
      };
    }
    case 'lane': {
      const of = valueClosure(value.of);
      return (state) => {
        const all = of(state);
        if (typeof all === 'number') throw new Error('a lane of a single value');
        return all[value.at];
      };
    }
    default:
      return value satisfies never;
  }
});

function single(run: Run<Value>, what: string): Run<number> {
  return (state) => {
    const value = run(state);
    if (typeof value !== 'number') throw new Error(`${what} of lanes`);
    return value;
  };
}

function loadClosure({ from, at, lanes }: Scalar & { readonly kind: 'load' }): Run<Value> {
  const place = indexClosure(at);
  const one = (i: number, state: State): number => {
    state.watch?.(from, i, false);
    return access(from, i, state)[i];
  };
  if (!lanes) return (state) => one(place(state), state);
  return (state) => {
    const first = place(state);
    return [0, 1, 2, 3].map((i) => one(first + i, state));
  };
}

function applyClosure({ op, args }: Scalar & { readonly kind: 'apply' }): Run<Value> {
  const parts = args.map(valueClosure);
  if (op === 'pack') return (state) => parts.flatMap((part) => part(state));
  const operation = operationOf(op);
  const [first, second, third] = parts;
  if (op === 'select')
    return (state) => {
      const condition = first(state);
      if (typeof condition === 'number') return (condition ? second : third)(state);
      return laneByLane(op, operation, [condition, second(state), third(state)]);
    };
  if (parts.length === 1)
    return (state) => {
      const a = first(state);
      return typeof a === 'number' ? operation(a) : a.map((x) => operation(x));
    };
  if (parts.length === 2)
    return (state) => {
      const [a, b] = [first(state), second(state)];
      return typeof a === 'number' && typeof b === 'number' ? operation(a, b) : laneByLane(op, operation, [a, b]);
    };
  throw new Error(`the interpreter has no ${op} of ${parts.length}`);
}

/** Lanes do not mix with single values: every argument has them. */
function laneByLane(op: ScalarOp, operation: Operation, args: readonly Value[]): number[] {
  const [a, b, c] = args.map((arg) => {
    if (typeof arg === 'number') throw new Error(`${op} of lanes and a single value`);
    return arg;
  });
  if (c) return [0, 1, 2, 3].map((i) => operation(a[i], b[i], c[i]));
  return [operation(a[0], b[0]), operation(a[1], b[1]), operation(a[2], b[2]), operation(a[3], b[3])];
}

function foldClosure({ op, type, over, body }: Scalar & { readonly kind: 'fold' }): Run<number> {
  const combine = operationOf(foldOps[op]);
  const identity = type === 'bool' ? Number(op === 'min') : foldIdentity(op, type);
  const term = single(valueClosure(body), 'a fold');
  return (state) => {
    let result = identity;
    forEachPlace(over, state, () => {
      result = combine(result, term(state));
    });
    return result;
  };
}

export function forEachPlace(axes: readonly Axis[], state: State, run: () => void, depth = 0): void {
  if (depth === axes.length) return run();
  const axis = axes[depth];
  const extent = indexClosure(axis.extent)(state);
  for (let i = 0; i < extent; i++) {
    state.axes.set(axis, i);
    forEachPlace(axes, state, run, depth + 1);
  }
  state.axes.delete(axis);
}

/** Two terms of a fold as one. */
export function combined(op: FoldOp, a: number, b: number): number {
  return operationOf(foldOps[op])(a, b);
}

const foldOps: Record<FoldOp, ScalarOp> = { add: 'add', mul: 'mul', max: 'max', min: 'min' };

type Operation = (...args: number[]) => number;

const operations: Partial<Record<ScalarOp, Operation>> = {
  neg: (a) => -a,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  not: (a) => (a ? 0 : 1),
  f32: (a) => a,
  i32: Math.trunc,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  and: (a, b) => Number(a && b),
  or: (a, b) => Number(a || b),
  select: (c, a, b) => (c ? a : b),
};

function operationOf(op: ScalarOp): Operation {
  const operation = operations[op];
  if (!operation) throw new Error(`the interpreter has no ${op}`);
  return operation;
}
