// What scans mean: axes, directions, several sequences and values, states, draws, names; held against loops by hand.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { literal } from '../../src/ir/ops/constants.js';
import { scan } from '../../src/ir/ops/scan.js';
import { reachable } from '../../src/ir/reachable.js';
import { printType } from '../../src/ir/types.js';
import { verifyGraph } from '../../src/ir/verify.js';

function modelOf(text: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'test.nn', text });
  if (!model) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return model;
}

const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const leaves: Readonly<Record<string, readonly number[]>> = {
  x,
  z: [0.5, -1],
  mask: [1, 0, 1, 1, 1, 0],
  seed: [7],
  draw: [0],
};

function valuesOf(nodes: readonly Node[], given = leaves): number[][] {
  expect(verifyGraph(nodes)).toEqual([]);
  const leaf = (node: Node): readonly number[] => {
    if (isOp(node, literal)) return node.attrs.values;
    const found = given[String(node.attrs.name)];
    if (!found) throw new Error(`no value for ${String(node.attrs.name)}`);
    return found;
  };
  return evaluate(nodes, { sizes: { batch: 2 }, leaf }).map((values) => [...values]);
}

/** The outputs of a model of x: [batch=2, T=3, 2], z: [2] and mask: bool[batch, T]. */
function outputs(body: string, rest = ''): { readonly values: number[][]; readonly types: string[] } {
  const text = `model m(T = 3) {\n  input x: [batch, T, 2]\n  input z: [2]\n  input mask: bool[batch, T]\n${body}\n}\n${rest}`;
  const nodes = modelOf(text).evaluation.outputs.map(({ node }) => node);
  return { values: valuesOf(nodes), types: nodes.map(({ type }) => printType(type)) };
}

const at = (b: number, t: number, i: number): number => x[b * 6 + t * 2 + i];
const all = <A>(count: number, of: (i: number) => A): A[] => Array.from({ length: count }, (_, i) => of(i));
/** [2, 3, 2] of its elements. */
const cube = (of: (b: number, t: number, i: number) => number): number[] =>
  all(12, (n) => of(Math.floor(n / 6), Math.floor(n / 2) % 3, n % 2));
const sumTo = (b: number, t: number, i: number): number => all(t + 1, (s) => at(b, s, i)).reduce((a, c) => a + c, 0);
const sumFrom = (b: number, t: number, i: number): number =>
  all(3 - t, (s) => at(b, t + s, i)).reduce((a, c) => a + c, 0);

describe('a scan', () => {
  it('stacks what it emits along its axis, and leaves the last value in its name', () => {
    const { values, types } = outputs(`
  s = scan xt in x along T, h = zeros([batch, 2]) {
    h := h + xt
    emit h
  }
  output s
  output h`);
    expect(values).toEqual([cube(sumTo), [...[0, 1].map((i) => sumTo(0, 2, i)), ...[0, 1].map((i) => sumTo(1, 2, i))]]);
    expect(types).toEqual(['[batch, T=3, 2]', '[batch, 2]']);
  });

  it('goes backwards: what is emitted for a position stands there', () => {
    const { values } = outputs(`
  a, b = scan xt in x along T backwards, h = 0 {
    emit h, xt * 10
    h := h + xt
  }
  output a
  output b`);
    expect(values).toEqual([cube((b, t, i) => sumFrom(b, t, i) - at(b, t, i)), cube((b, t, i) => at(b, t, i) * 10)]);
  });

  it('goes along the first axis, and one given by its number; emits what has fewer axes', () => {
    const { values, types } = outputs(`
  a = scan xb in x along batch, h = 0 {
    h := h + sum(xb)
    emit h
  }
  b = scan xi in x along -1 { emit sum(xi, axis = 1) }
  output a
  output b`);
    expect(values).toEqual([
      [21, 78],
      [9, 12, 27, 30],
    ]);
    expect(types).toEqual(['[batch]', '[batch, 2]']);
  });

  it('takes slices of several sequences side by side', () => {
    const { values } = outputs(`
  s = scan xt in x, mt in mask along T, h = 0 {
    h := if mt[:, none] then h + xt else h
    emit h
  }
  output s`);
    const kept = (b: number, t: number): boolean => leaves.mask[b * 3 + t] === 1;
    const sum = (b: number, t: number, i: number): number =>
      all(t + 1, (s) => (kept(b, s) ? at(b, s, i) : 0)).reduce((a, c) => a + c, 0);
    expect(values).toEqual([cube(sum)]);
  });

  it('counts rounds, and carries several values of any type, each from what it is at the time', () => {
    const { values, types } = outputs(`
  p, q = scan i in range(5), a = 1, b = 1, done = false, place = 0 {
    next = a + b
    a := b
    b := next
    done := b > 6
    place := i
    emit a, done
  }
  output p
  output q
  output r = a + b
  output last = place`);
    expect(values).toEqual([[1, 2, 3, 5, 8], [0, 0, 0, 1, 1], [21], [4]]);
    expect(types).toEqual(['[5]', 'bool[5]', 'f32', 'index(5)']);
  });

  it('exchanges what it carries, and carries what it is given', () => {
    const { values } = outputs(`
  scan i in range(3), a = z, b = 2 * z {
    c = a
    a := b
    b := c
  }
  scan i in range(3), kept = z, u = z {
    u := kept
  }
  output a
  output b
  output u
  output kept`);
    expect(values).toEqual([
      [1, -2],
      [0.5, -1],
      [0.5, -1],
      [0.5, -1],
    ]);
  });

  it('stands in another, which carries what the inner one replaces', () => {
    const { values } = outputs(`
  totals = scan xb in x along batch, total = 0 {
    scan xt in xb along T, part = 0 {
      total := total + xt
      part := part + 2 * total
    }
    emit part
  }
  output totals
  output total`);
    const total = [0, 0];
    const parts = [0, 1].flatMap((b) => {
      const part = [0, 0];
      for (let t = 0; t < 3; t++) for (let i = 0; i < 2; i++) part[i] += 2 * (total[i] += at(b, t, i));
      return part;
    });
    expect(values).toEqual([parts, total]);
  });

  it('may carry a name again, from what another scan left in it', () => {
    const { values } = outputs(`
  scan i in range(3), h = 1 { h := 2 * h }
  scan i in range(3), h = h { h := h + 1 }
  output h`);
    expect(values).toEqual([[11]]);
  });

  it('draws anew in each round, and the same from the same seed', () => {
    const { values } = outputs(`
  s = scan i in range(3), h = z { 
    h := uniform_like(z)
    emit h
  }
  t = scan i in range(2) {
    emit scan j in range(2) { emit uniform_like(z) }
  }
  output s
  output t`);
    expect(new Set(values.flat()).size).toBe(14);
    for (const u of values.flat()) expect(u >= 0 && u < 1).toBe(true);
  });

  it('replaces states round by round while training, in the layers that it applies as well', () => {
    const text = `
layer counting(x: [n]) {
  state seen: [n] = 0
  seen := seen + x
  return seen
}
model m {
  input x: [6, 2]
  state rounds: f32 = 0
  count = counting
  s = scan xt in x along 0, h = 0 {
    rounds := rounds + 1
    h := h + rounds
    scan i in range(2) { rounds := rounds + 10 }
    emit xt |> count
  }
  output s
  output h
  output r = rounds
  loss = 0
}`;
    const { training, evaluation } = modelOf(text);
    const given = { x, rounds: [100], 'count.seen': [0.5, 0.25] };
    const outputsOf = (mode: typeof training) =>
      valuesOf(
        [...mode.outputs, ...mode.states].map(({ node }) => node),
        given,
      );
    const sums = all(12, (n) => all(Math.floor(n / 2) + 1, (r) => x[2 * r + (n % 2)]).reduce((a, c) => a + c, 0));
    const seen = sums.map((s, n) => s + (n % 2 ? 0.25 : 0.5));
    const counts = all(6, (r) => 101 + 21 * r).reduce((a, c) => a + c, 0);
    expect(outputsOf(training)).toEqual([seen, [counts], [226], [226], seen.slice(-2)]);
    expect(outputsOf(evaluation)).toEqual([all(12, (n) => (n % 2 ? 0.25 : 0.5)), [600], [100]]);
  });

  it('gives parameters of its body the names of bindings and instances, once for all rounds', () => {
    const { parameters } = modelOf(`
model m {
  input x: [batch, 4, 3]
  y = scan xt in x along 1, h = zeros([batch, 2]) {
    param s: [2] = 1
    a = xt |> dense(2)
    h := s * tanh(a + (h |> dense(2)))
    emit h |> dense(1)
  }
  output y
}`);
    expect(parameters.map(({ name }) => name)).toEqual([
      'y.s',
      'y.a.dense.W',
      'y.a.dense.b',
      'y.dense.W',
      'y.dense.b',
      'y.dense_2.W',
      'y.dense_2.b',
    ]);
  });

  it('is the same loop in training and in evaluation, and computes outside what no round changes', () => {
    const model = modelOf(`
model m {
  input x: [batch, 4, 3]
  input w: [3, 3]
  y = scan xt in x along 1, h = 0 {
    h := h + xt @ (w @ w) + 1
    emit h
  }
  output y
}`);
    const [a, b] = [model.training, model.evaluation].map(({ outputs: [{ node }] }) => node);
    expect(a).toBe(b);
    const [loop] = reachable([a]).flatMap((node) => (isOp(node, scan) ? [node.attrs.loop] : []));
    expect(loop.captured).toEqual([]);
    expect(reachable(loop.next).filter(({ op }) => op.name === 'contract')).toEqual([]);
    expect(reachable([a]).filter(({ op }) => op.name === 'contract')).toHaveLength(2);
  });
});

describe('names that a signature gives to axes', () => {
  const square = (text: string): string => `fn f(x: [rows, T, n]) = ${text}
model square {
  input x: [3, 2, 2]
  output y = f(x)
}`;
  const valueOf = (text: string): number[] => valuesOf([modelOf(square(text)).evaluation.outputs[0].node])[0];

  it('tell axes of one size apart', () => {
    expect(valueOf('scan xt in x along T, h = zeros([rows, n]) {\n  h := h + xt\n  emit h\n}')).toEqual([
      1, 2, 4, 6, 5, 6, 12, 14, 9, 10, 20, 22,
    ]);
    expect(valueOf('sum(x, axis = T)')).toEqual([4, 6, 12, 14, 20, 22]);
    expect(valueOf('sum(x, axis = n)')).toEqual([3, 7, 11, 15, 19, 23]);
  });

  it('go with the axes where they are moved', () => {
    expect(valueOf('sum(transpose(x), axis = T)')).toEqual([4, 6, 12, 14, 20, 22]);
    expect(valueOf('sum(transpose(x), axis = n)')).toEqual([3, 7, 11, 15, 19, 23]);
  });
});
