// Interprets kernels and evaluates nests by definition, in double precision, with every access checked.
import { evaluate, evaluateSizes, type Atom, type Axis, type Index } from '../../src/ir/index.js';
import type { AnyNest, Kernel, Nest, Statement } from '../../src/ir/program.js';
import { rewriteScalar } from '../../src/ir/rewrite.js';
import { foldsOf } from '../../src/ir/nest/traverse.js';
import { foldIdentity, number, type Buffer, type FoldOp, type Scalar, type ScalarOp } from '../../src/ir/scalar.js';

export type Memory = Map<Buffer, Float64Array>;
export type Sizes = Readonly<Record<string, number>>;

type Value = number | readonly number[];

export interface State {
  readonly memory: Memory;
  readonly sizes: Sizes;
  readonly axes: Map<Axis, number>;
  readonly locals: Map<string, Value>;
  /** Told of every access, a store or a load. */
  readonly watch?: (buffer: Buffer, at: number, stores: boolean) => void;
}

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

/** Runs the kernel on the memory, in place. Scratch starts as NaN, so that what was never staged shows. */
export function runKernel(kernel: Kernel, memory: Memory, sizes: Sizes): void {
  const all = new Map(memory);
  for (const buffer of kernel.scratch)
    all.set(buffer, new Float64Array(evaluateSizes(buffer.length, (name) => sizes[name])).fill(NaN));
  runAll(kernel.body, { memory: all, sizes, axes: new Map(), locals: new Map() });
}

function runAll(body: readonly Statement[], state: State): void {
  for (const statement of body) run(statement, state);
}

/** Runs one statement; a barrier means nothing to a thread alone. */
export function run(statement: Statement, state: State): void {
  switch (statement.kind) {
    case 'loop': {
      const to = indexOf(statement.to, state);
      const last = statement.last && indexOf(statement.last, state);
      if (state.axes.has(statement.axis)) throw new Error(`${statement.axis.name} is bound twice`);
      for (let i = statement.from ? indexOf(statement.from, state) : 0; i < to; i += statement.step) {
        state.axes.set(statement.axis, last === undefined ? i : Math.min(i, last));
        runAll(statement.body, state);
      }
      state.axes.delete(statement.axis);
      return;
    }
    case 'index':
      state.axes.set(statement.axis, indexOf(statement.value, state));
      return;
    case 'let':
      state.locals.set(statement.name, valueOf(statement.value, state));
      return;
    case 'set':
      if (!state.locals.has(statement.name)) throw new Error(`${statement.name} is set before its let`);
      state.locals.set(statement.name, valueOf(statement.value, state));
      return;
    case 'store': {
      const at = indexOf(statement.at, state);
      const value = valueOf(statement.value, state);
      lanesOf(value).forEach((x, i) => {
        const data = access(statement.to, at + i, state);
        state.watch?.(statement.to, at + i, true);
        data[at + i] = statement.add ? data[at + i] + x : x;
      });
      return;
    }
    case 'if':
      return runAll(
        indexOf(statement.less[0], state) < indexOf(statement.less[1], state) ? statement.then : statement.else,
        state,
      );
    case 'transpose': {
      const rows = statement.names.map((name) => {
        const value = state.locals.get(name);
        if (value === undefined || typeof value === 'number') throw new Error(`${name} has no lanes`);
        return value;
      });
      statement.names.forEach((name, i) =>
        state.locals.set(
          name,
          rows.map((row) => row[i]),
        ),
      );
      return;
    }
    case 'barrier':
      return;
    default:
      return statement satisfies never;
  }
}

function access(buffer: Buffer, at: number, { memory }: State): Float64Array {
  const data = memory.get(buffer);
  if (!data) throw new Error(`no buffer ${buffer.name}`);
  if (!(at >= 0 && at < data.length)) throw new Error(`${buffer.name}[${at}] is out of range (${data.length})`);
  return data;
}

export function indexOf(index: Index, state: State): number {
  const value = (part: Atom): number => {
    switch (part.kind) {
      case 'size':
        return state.sizes[part.name];
      case 'axis': {
        const known = state.axes.get(part);
        if (known === undefined) throw new Error(`${part.name} is not bound`);
        return known;
      }
      case 'quotient': {
        const of = indexOf(part.of, state);
        if (of < 0) throw new Error('a negative index under a quotient');
        return Math.floor(of / indexOf(part.by, state));
      }
      case 'element': {
        const element = valueOf(part.of, state);
        if (typeof element !== 'number') throw new Error('an element with lanes');
        return element;
      }
      default:
        return part satisfies never;
    }
  };
  return evaluate(index, value);
}

function valueOf(value: Scalar, state: State): Value {
  switch (value.kind) {
    case 'number':
      return value.value;
    case 'index': {
      const first = indexOf(value.of, state);
      return value.lanes ? [0, 1, 2, 3].map((i) => first + i) : first;
    }
    case 'load': {
      const at = indexOf(value.at, state);
      const one = (i: number): number => {
        state.watch?.(value.from, at + i, false);
        return access(value.from, at + i, state)[at + i];
      };
      return value.lanes ? [0, 1, 2, 3].map(one) : one(0);
    }
    case 'apply': {
      const [first] = value.args;
      if (value.op === 'select') {
        const condition = valueOf(first, state);
        if (typeof condition === 'number') return valueOf(value.args[condition ? 1 : 2], state);
      }
      const args = value.args.map((a) => valueOf(a, state));
      if (value.op === 'pack') return args.flatMap(lanesOf);
      if (args.every((a) => typeof a === 'number')) return calculate(value.op, args);
      // Lanes do not mix with single values: every argument has them.
      return [0, 1, 2, 3].map((i) =>
        calculate(
          value.op,
          args.map((a) => {
            if (typeof a === 'number') throw new Error(`${value.op} of lanes and a single value`);
            return a[i];
          }),
        ),
      );
    }
    case 'fold': {
      let result: number = foldIdentity(value.op, value.type);
      if (value.type === 'bool') result = value.op === 'min' ? 1 : 0;
      const over = (axes: readonly Axis[]): void => {
        const [axis, ...rest] = axes;
        if (!axis) {
          const body = valueOf(value.body, state);
          if (typeof body !== 'number') throw new Error('a fold of lanes');
          result = calculate(foldOps[value.op], [result, body]);
          return;
        }
        forEachPlace([axis], state, () => over(rest));
      };
      over(value.over);
      return result;
    }
    case 'local': {
      const known = state.locals.get(value.name);
      if (known === undefined) throw new Error(`no let ${value.name}`);
      if (lanesOf(known).length !== (value.lanes ?? 1)) throw new Error(`${value.name}: lanes`);
      return known;
    }
    case 'splat': {
      const one = valueOf(value.of, state);
      if (typeof one !== 'number') throw new Error('a splat of lanes');
      return [one, one, one, one];
    }
    case 'lane': {
      const all = valueOf(value.of, state);
      if (typeof all === 'number') throw new Error('a lane of a single value');
      return all[value.at];
    }
    default:
      return value satisfies never;
  }
}

const foldOps: Record<FoldOp, ScalarOp> = { add: 'add', mul: 'mul', max: 'max', min: 'min' };

function lanesOf(value: Value): readonly number[] {
  return typeof value === 'number' ? [value] : value;
}

const operations: Partial<Record<ScalarOp, (...args: number[]) => number>> = {
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
  min: Math.min,
  max: Math.max,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  and: (a, b) => Number(a && b),
  or: (a, b) => Number(a || b),
  select: (c, a, b) => (c ? a : b),
};

function calculate(op: ScalarOp, args: readonly number[]): number {
  const operation = operations[op];
  if (!operation) throw new Error(`the interpreter has no ${op}`);
  return operation(...args);
}

/** What the nest means: every store at every point, part by part; values of one point before its stores. */
export function evaluateNest(nest: AnyNest, memory: Memory, sizes: Sizes): void {
  const state: State = { memory, sizes, axes: new Map(), locals: new Map() };
  if (nest.kind === 'nest') return evaluatePoints(nest, state);
  const totals = (nest.totals ?? []).map((total) => ({ total, sums: new Map<string, number>() }));
  forEachPlace([nest.row], state, () => {
    for (const part of nest.parts) evaluatePoints(part, state);
    for (const { total, sums } of totals) addRow(total, sums, state);
  });
  for (const { total, sums } of totals) storeTotal(total, sums, state);
}

/** Where the loops over a total's axes are. */
function placeOf({ axes }: Nest, state: State): string {
  return axes.map((a) => state.axes.get(a)).join();
}

/** The folds of a total are over the rows: each adds what this row gives. */
function addRow(total: Nest, sums: Map<string, number>, state: State): void {
  forEachPlace(total.axes, state, () => {
    for (const fold of new Map(total.stores.flatMap((s) => foldsOf(s.value)).map((f) => [f.key, f])).values()) {
      const key = `${fold.key}@${placeOf(total, state)}`;
      const before = sums.get(key) ?? foldIdentity(fold.op, fold.type);
      sums.set(key, calculate(fold.op, [before, Number(valueOf(fold.body, state))]));
    }
  });
}

function storeTotal(total: Nest, sums: ReadonlyMap<string, number>, state: State): void {
  forEachPlace(total.axes, state, () => {
    const place = placeOf(total, state);
    const summed = (value: Scalar): Scalar =>
      rewriteScalar(value, {
        scalar: (v) => (v.kind === 'fold' ? number(sums.get(`${v.key}@${place}`) ?? NaN, v.type) : undefined),
      });
    const results = total.stores.map(({ to, at, value }) => ({
      to,
      at: indexOf(at, state),
      value: Number(valueOf(summed(value), state)),
    }));
    for (const { to, at, value } of results) access(to, at, state)[at] = value;
  });
}

function evaluatePoints(nest: Nest, state: State): void {
  forEachPlace(nest.axes, state, () => {
    const results = nest.stores.map(({ to, at, value }) => ({
      to,
      at: indexOf(at, state),
      value: valueOf(value, state),
    }));
    for (const { to, at, value } of results) access(to, at, state)[at] = Number(value);
  });
}

function forEachPlace(axes: readonly Axis[], state: State, run: () => void): void {
  const [axis, ...rest] = axes;
  if (!axis) return run();
  const extent = indexOf(axis.extent, state);
  for (let i = 0; i < extent; i++) {
    state.axes.set(axis, i);
    forEachPlace(rest, state, run);
  }
  state.axes.delete(axis);
}
