// Growths that close graphs over leaves of their own: loops, and derivatives that an author declares.
import type { Builder, Node } from '../../../src/ir/graph.js';
import { mul, neg, sub as minus } from '../../../src/ir/ops/arithmetic.js';
import { filled } from '../../../src/ir/ops/calls.js';
import { argument, keyOfOwnGradient, ownGradient } from '../../../src/ir/ops/ownGradient.js';
import { sum } from '../../../src/ir/ops/reductions.js';
import { cos, exp, sigmoid, sin, tanh } from '../../../src/ir/ops/transcendental.js';
import { sameElement, sameShape } from '../../../src/ir/types.js';
import { flipped, loop } from '../loops.js';
import { axesOf, back, grown, make, pick, pickLike, pickOf, type Growing } from './growing.js';

/** Some results of a loop along the first axis of a node: its body is grown like any graph, with loops in it. */
export function looped(of: Growing): Node[] | undefined {
  const { g, pool, leaves, choose, depth } = of;
  const x = pick(of);
  if (x.type.shape.length === 0 || depth > 1) return undefined;
  const [length] = x.type.shape;
  const along = pool.filter(({ type }) => type.shape.length > 0 && type.shape[0].size.key === length.size.key);
  const given = [x, ...(choose(2) === 0 ? [along[choose(along.length)]] : [])];
  const turned = choose(3) === 0;
  const starts = [pick(of), ...(choose(3) === 0 ? [pick(of)] : [])];
  const captured = [pick(of), pickOf(of, 'bool'), pickOf(of, 'index')].filter((node) => node !== undefined);
  const sequences = turned ? given.map((sequence) => flipped(g, sequence)) : given;
  let wanted: { kind: 'emit' | 'stack' | 'final'; of: number }[] = [];
  const results = loop(g, { depth, length, sequences, starts, captured }, (slices, carried, outside) => {
    const exact = [
      ...slices.filter((_, i) => leaves.includes(given[i])),
      ...outside.filter((_, i) => leaves.includes(captured[i])),
    ];
    const made = grow([...slices, ...carried, ...outside], { ...of, leaves: exact, depth: depth + 1 });
    const emits = made.filter(() => choose(2) === 0).slice(-2);
    wanted = [
      ...emits.map((_, i) => ({ kind: 'emit' as const, of: i })),
      ...starts.flatMap((_, k) => [
        { kind: 'stack' as const, of: k },
        { kind: 'final' as const, of: k },
      ]),
    ];
    return { next: carried.map((leaf) => nextOf(leaf, [...slices, ...carried, ...made], of)), emits };
  });
  const chosen = wanted.filter(() => choose(3) === 0);
  return (chosen.length > 0 ? chosen : wanted.slice(0, 1)).map(({ kind, of: k }) => results[kind](k));
}

/** What a few growths make of the leaves of a body. */
function grow(body: readonly Node[], of: Growing): Node[] {
  const { growths, choose } = of;
  const made: Node[] = [];
  for (let steps = 1 + choose(5); steps > 0; steps--)
    made.push(...grown(growths[choose(growths.length)], { ...of, pool: [...body, ...made] }));
  return made;
}

/** What a carried value becomes: the youngest that fits, or another one, mostly kept within bounds. */
function nextOf(leaf: Node, pool: readonly Node[], { g, choose }: Growing): Node {
  const fitting = pool.filter(({ type }) => sameShape(type, leaf.type) && sameElement(type.element, leaf.type.element));
  const node = choose(2) === 0 ? fitting[fitting.length - 1] : fitting[choose(fitting.length)];
  return choose(4) === 0 ? node : make(g, [tanh, sin, sigmoid][choose(3)], node);
}

/** How a declared derivative that is not the true one is called. */
const untrue = 'untrue';

/** Whether a derivative was declared that differences do not show. */
export const isUntrue = ({ name }: { readonly name: string }): boolean => name === untrue;

type Parts = (cotangent: Node, args: readonly Node[]) => readonly (Node | undefined)[];

/** A value with the derivative by its arguments that `partsOf` says; derivatives of its derivative follow from that. */
function declare(g: Builder, name: string, value: Node, args: readonly Node[], partsOf: Parts): Node {
  const leaf = (number: number, { type }: Node): Node =>
    g.make(argument, [], { depth: 0, number, name: `a${number}`, type });
  const leaves = args.map((arg, i) => leaf(i, arg));
  const cotangent = leaf(args.length, value);
  const parts = partsOf(cotangent, leaves);
  const gradient = { name, leaves, cotangent, parts };
  return g.make(ownGradient, [value, ...args], { gradient: { ...gradient, key: keyOfOwnGradient(gradient) } });
}

/** A function whose derivative is declared: as it is, or another one; linear in the cotangent. */
export function declared(of: Growing): Node {
  const { g, choose } = of;
  const x = pick(of);
  const y = pickLike(of, x);
  const two = filled(g, 2, x.type);
  switch (choose(7)) {
    case 0:
      return declare(g, 'sine', make(g, sin, x), [x], (d, [a]) => [make(g, mul, d, make(g, cos, a))]);
    case 1:
      return declare(g, 'product', make(g, mul, x, y), [x, y], (d, [a, b]) => [make(g, mul, d, b), make(g, mul, d, a)]);
    case 2: {
      const axes = axesOf(of, x);
      return declare(g, 'total', g.make(sum, [x], { axes }), [x], (d) => [back(g, d, x, axes)]);
    }
    case 3: {
      const value = make(g, exp, make(g, tanh, x));
      const slope = (a: Node): Node =>
        make(g, minus, filled(g, 1, x.type), make(g, mul, make(g, tanh, a), make(g, tanh, a)));
      return declare(g, 'bounded', value, [x], (d, [a]) => [
        make(g, mul, make(g, mul, d, make(g, exp, make(g, tanh, a))), slope(a)),
      ]);
    }
    case 4:
      return declare(g, untrue, x, [x], (d) => [make(g, neg, d)]);
    case 5:
      return declare(g, untrue, make(g, mul, x, y), [x, y], (d, [a]) => [make(g, mul, two, d), make(g, mul, d, a)]);
    default: {
      const axes = x.type.shape.map((_, i) => i);
      return declare(g, untrue, make(g, tanh, x), [x, y], (d) => [
        undefined,
        back(g, g.make(sum, [d], { axes }), y, axes),
      ]);
    }
  }
}
