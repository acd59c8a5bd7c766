// What a compilation does grows with the model, and not with its square.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';

/** Runs it and counts what it looks up in maps and sets, and the elements of arrays that it goes through. */
function workOf(run: () => void): number {
  let work = 0;
  const undo: (() => void)[] = [];
  const count = (prototype: object, name: string, each: (target: { readonly length: number }) => number): void => {
    const original: unknown = Reflect.get(prototype, name);
    if (typeof original !== 'function') throw new Error(`there is no ${name}`);
    Reflect.set(prototype, name, function counted(this: never, ...args: unknown[]): unknown {
      work += each(this);
      return Reflect.apply(original, this, args);
    });
    undo.push(() => Reflect.set(prototype, name, original));
  };
  for (const name of ['get', 'has', 'set']) count(Map.prototype, name, () => 1);
  for (const name of ['has', 'add']) count(Set.prototype, name, () => 1);
  for (const name of ['filter', 'find', 'includes', 'map', 'reverse', 'slice', 'some', 'sort'])
    count(Array.prototype, name, (array) => array.length);
  try {
    run();
  } finally {
    for (const restore of undo) restore();
  }
  return work;
}

const models: Record<string, (size: number) => string> = {
  'layers of small products': (n) => `
    h = x |> repeat(${n}, dense(2) >> tanh)
    output h
    loss = mean(h^2)
    train { optimizer = adam(lr = 0.1) }`,
  'residual layers': (n) => `
    h = x |> repeat(${n}, residual(dense(24) >> relu >> dense(8)))
    output h
    loss = mean(h^2)
    train { optimizer = sgd(lr = 0.1) }`,
};

describe.each(Object.keys(models))('%s', (name) => {
  it.each(['ts', 'wasm', 'wgsl'] as const)('are compiled to %s in work that grows with their number', (target) => {
    const of = (size: number): number => {
      const text = `model deep { input x: [batch, 8]${models[name](size)} }`;
      const { model, diagnostics } = check({ file: 'deep.nn', text });
      if (!model) throw new Error(diagnostics[0].message);
      return workOf(() => void programOf(model, target));
    };
    // Sixty-four copies stay in loops of their own, and each of their sums asks which of the loops it joins; eight are one loop.
    const [few, many] = [of(8), of(64)];
    expect(many / few).toBeLessThan(14);
  });
});
