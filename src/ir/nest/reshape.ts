// Changes of a nest that keep what it computes: axes that lie densely in every access become one, factors of folds are staged.
import {
  add,
  constantOf,
  axis as newAxis,
  div,
  endOf,
  mod,
  mul,
  product,
  sub,
  toIndex,
  type Atom,
  type Axis,
  type Index,
} from '../index.js';
import type { Nest } from '../program.js';
import { fold, load, type Scalar } from '../scalar.js';
import { replaceFolds } from '../rewrite.js';
import { factorsOf, productOf } from './contraction.js';
import { specialise, specialiseIndex } from './specialise.js';
import type { Coalesce, Shape, Split, Stage } from './plans.js';

/** The nest over other axes, which are the same indices. */
export function reshape(nest: Nest, { split, axes, folds, blocks = [] }: Shape): Nest {
  return splitAxes(coalesceFolds(coalesceAxes(splitAxes(nest, split), axes), folds), blocks);
}

/** Axes of the nest and of its folds taken apart. */
function splitAxes(nest: Nest, steps: readonly Split[]): Nest {
  return steps.reduce((done, step) => {
    const value = add(mul(step.by, toIndex(step.outer)), toIndex(step.inner));
    const replace = (part: Atom): Index | undefined => (part === step.axis ? value : undefined);
    const memo = new Map<string, Scalar>();
    const parts = (a: Axis): Axis[] => (a === step.axis ? [step.outer, step.inner] : [a]);
    const split = {
      ...done,
      axes: done.axes.flatMap(parts),
      stores: done.stores.map((s) => ({
        to: s.to,
        at: specialiseIndex(s.at, replace, memo),
        value: specialise(s.value, replace, memo),
      })),
    };
    return mapFolds(split, (f) => (f.over.includes(step.axis) ? fold(f.op, f.over.flatMap(parts), f.body) : undefined));
  }, nest);
}

/** The nest over the coalesced axes. */
export function coalesceAxes(nest: Nest, steps: readonly Coalesce[]): Nest {
  return steps.reduce((done, step) => {
    const replace = dividing(step);
    const memo = new Map<string, Scalar>();
    return {
      ...done,
      axes: done.axes.flatMap((a) => (a === step.axes[0] ? [step.into] : step.axes.includes(a) ? [] : [a])),
      stores: done.stores.map((s) => ({
        to: s.to,
        at: specialiseIndex(s.at, replace, memo),
        value: specialise(s.value, replace, memo),
      })),
    };
  }, nest);
}

/** The nest with folds over the coalesced axes. */
export function coalesceFolds(nest: Nest, steps: readonly Coalesce[]): Nest {
  return steps.reduce((done, step) => {
    const replace = dividing(step);
    return mapFolds(done, (f) => {
      if (!step.axes.every((a) => f.over.includes(a))) return undefined;
      const over = f.over.flatMap((a) => (a === step.axes[0] ? [step.into] : step.axes.includes(a) ? [] : [a]));
      return fold(f.op, over, specialise(f.body, replace));
    });
  }, nest);
}

function dividing({ axes, into }: Coalesce): (part: Atom) => Index | undefined {
  let rest: Index = toIndex(into);
  const parts = new Map<Atom, Index>();
  for (const axis of [...axes].reverse().slice(0, -1)) {
    parts.set(axis, mod(rest, axis.extent));
    rest = div(rest, axis.extent);
  }
  parts.set(axes[0], rest);
  return (part) => parts.get(part);
}

export function coalesced(axes: readonly Axis[]): Coalesce {
  const extent = product(axes.map((a) => a.extent));
  return { axes, into: newAxis(axes.map((a) => a.name).join(''), extent) };
}

/** The nest that loads the stage's factors from its buffer. */
export function applyStage(nest: Nest, stage: Stage): Nest {
  const keys = new Set(stage.factors.map((f) => f.key));
  return mapFolds(nest, (f) => {
    if (f.over.length !== stage.over.length || !f.over.every((a) => stage.over.includes(a))) return undefined;
    const all = factorsOf(f);
    const rest = all.filter((x) => !keys.has(x.key));
    if (rest.length === all.length) return undefined;
    const column = stage.tile ? sub(toIndex(stage.tile.axis), toIndex(stage.tile.base)) : rowMajor(stage.columns);
    const staged = load(stage.buffer, addressIn(stage, rowMajor(stage.over), column));
    return fold(f.op, f.over, productOf([...rest, staged]));
  });
}

/** The nest that fills the stage's buffer: fold axes, then columns. For a tile, its base stays free. */
export function copyOf(nest: Nest, stage: Stage): Nest {
  const { over, columns } = stage.copy;
  const replaced = new Map<Atom, Index>(stage.over.map((a, i) => [a, toIndex(over[i])]));
  stage.columns.forEach((a, i) => replaced.set(a, toIndex(columns[i])));
  if (stage.tile) replaced.set(stage.tile.axis, add(toIndex(stage.tile.base), toIndex(columns[0])));
  const value = specialise(productOf(stage.factors), (part) => replaced.get(part));
  return {
    ...nest,
    name: stage.buffer.name,
    axes: [...over, ...columns],
    stores: [{ to: stage.buffer, at: addressIn(stage, rowMajor(over), rowMajor(columns)), value }],
  };
}

function addressIn({ tile, pitch, over }: Stage, foldAt: Index, column: Index): Index {
  const within = add(mul(foldAt, pitch), column);
  if (tile?.block)
    return add(mul(sub(toIndex(tile.base), toIndex(tile.block.base)), product(over.map((a) => a.extent))), within);
  if (!tile?.all) return within;
  // The last of overlapped tiles starts anywhere: it has the next number all the same.
  const even = constantOf(mod(endOf(tile.axis), toIndex(tile.width))) === 0;
  const base = toIndex(tile.base);
  const number = even ? base : mul(div(add(base, tile.width - 1), toIndex(tile.width)), tile.width);
  return add(mul(number, product(over.map((a) => a.extent))), within);
}

/** Which index of the axes this is, the last varying fastest. */
export function rowMajor(axes: readonly Axis[]): Index {
  return axes.reduce<Index>((all, a) => add(mul(all, a.extent), toIndex(a)), toIndex(0));
}

function mapFolds(nest: Nest, change: (f: Scalar & { kind: 'fold' }) => Scalar | undefined): Nest {
  const memo = new Map<string, Scalar>();
  const visit = (value: Scalar): Scalar =>
    replaceFolds(
      value,
      (f) => {
        const inner = f.body.folds ? fold(f.op, f.over, visit(f.body)) : f;
        return inner.kind === 'fold' ? (change(inner) ?? inner) : inner;
      },
      memo,
    );
  return { ...nest, stores: nest.stores.map((s) => ({ ...s, value: visit(s.value) })) };
}
