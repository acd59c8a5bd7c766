// Interprets kernels and evaluates nests by definition, in double precision, with every access checked.
import { evaluateSizes, type Index } from '../../src/ir/index.js';
import type { AnyNest, Kernel, Nest, Statement } from '../../src/ir/program.js';
import { rewriteScalar } from '../../src/ir/rewrite.js';
import { foldsOf } from '../../src/ir/nest/traverse.js';
import { foldIdentity, number, type Scalar } from '../../src/ir/scalar.js';
import {
  access,
  combined,
  forEachPlace,
  indexClosure,
  once,
  valueClosure,
  type Memory,
  type Run,
  type Sizes,
  type State,
} from './interpret.js';

/** Runs the kernel on the memory, in place. Scratch starts as NaN, so that what was never staged shows. */
export function runKernel(kernel: Kernel, memory: Memory, sizes: Sizes): void {
  const all = new Map(memory);
  for (const buffer of kernel.scratch)
    all.set(buffer, new Float64Array(evaluateSizes(buffer.length, (name) => sizes[name])).fill(NaN));
  blockClosure(kernel.body)({ memory: all, sizes, axes: new Map(), locals: new Map() });
}

/** Runs one statement; a barrier means nothing to a thread alone. */
export function run(statement: Statement, state: State): void {
  statementClosure(statement)(state);
}

export function indexOf(index: Index, state: State): number {
  return indexClosure(index)(state);
}

const blockClosure = once((body: readonly Statement[]): Run<void> => {
  const statements = body.map(statementClosure);
  return (state) => {
    for (const statement of statements) statement(state);
  };
});

const statementClosure: (statement: Statement) => Run<void> = once((statement: Statement): Run<void> => {
  switch (statement.kind) {
    case 'loop':
      return loopClosure(statement);
    case 'index': {
      const value = indexClosure(statement.value);
      return (state) => void state.axes.set(statement.axis, value(state));
    }
    case 'let': {
      const value = valueClosure(statement.value);
      return (state) => void state.locals.set(statement.name, value(state));
    }
    case 'set': {
      const value = valueClosure(statement.value);
      return (state) => {
        if (!state.locals.has(statement.name)) throw new Error(`${statement.name} is set before its let`);
        state.locals.set(statement.name, value(state));
      };
    }
    case 'store':
      return storeClosure(statement);
    case 'if': {
      const [a, b] = statement.less.map(indexClosure);
      const [then, otherwise] = [blockClosure(statement.then), blockClosure(statement.else)];
      return (state) => (a(state) < b(state) ? then : otherwise)(state);
    }
    case 'transpose':
      return transposeClosure(statement.names);
    case 'barrier':
      return () => undefined;
    default:
      return statement satisfies never;
  }
});

function loopClosure({ axis, from, to, last, step, body }: Statement & { readonly kind: 'loop' }): Run<void> {
  const [start, end, limit] = [from, to, last].map((index) => index && indexClosure(index));
  const block = blockClosure(body);
  return (state) => {
    const [stop, most] = [end?.(state) ?? 0, limit?.(state)];
    if (state.axes.has(axis)) throw new Error(`${axis.name} is bound twice`);
    for (let i = start?.(state) ?? 0; i < stop; i += step) {
      state.axes.set(axis, most === undefined ? i : Math.min(i, most));
      block(state);
    }
    state.axes.delete(axis);
  };
}

function storeClosure({ to, at, value }: Statement & { readonly kind: 'store' }): Run<void> {
  const [place, of] = [indexClosure(at), valueClosure(value)];
  const store = (i: number, x: number, state: State): void => {
    const data = access(to, i, state);
    state.watch?.(to, i, true);
    data[i] = x;
  };
  return (state) => {
    const first = place(state);
    const values = of(state);
    if (typeof values === 'number') store(first, values, state);
    else values.forEach((x, i) => store(first + i, x, state));
  };
}

function transposeClosure(names: readonly string[]): Run<void> {
  return ({ locals }) => {
    const rows = names.map((name) => {
      const value = locals.get(name);
      if (value === undefined || typeof value === 'number') throw new Error(`${name} has no lanes`);
      return value;
    });
    names.forEach((name, i) =>
      locals.set(
        name,
        rows.map((row) => row[i]),
      ),
    );
  };
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
  const folds = new Map(total.stores.flatMap((s) => foldsOf(s.value)).map((f) => [f.key, f])).values();
  const all = [...folds].map((fold) => ({ fold, body: valueClosure(fold.body) }));
  forEachPlace(total.axes, state, () => {
    for (const { fold, body } of all) {
      const key = `${fold.key}@${placeOf(total, state)}`;
      const before = sums.get(key) ?? foldIdentity(fold.op, fold.type);
      sums.set(key, combined(fold.op, before, Number(body(state))));
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
      value: Number(valueClosure(summed(value))(state)),
    }));
    for (const { to, at, value } of results) access(to, at, state)[at] = value;
  });
}

function evaluatePoints(nest: Nest, state: State): void {
  const stores = nest.stores.map(({ to, at, value }) => ({ to, at: indexClosure(at), value: valueClosure(value) }));
  forEachPlace(nest.axes, state, () => {
    const results = stores.map(({ to, at, value }) => ({ to, at: at(state), value: Number(value(state)) }));
    for (const { to, at, value } of results) access(to, at, state)[at] = value;
  });
}
