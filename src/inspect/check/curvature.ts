// Second derivatives: a Hessian-vector product held against differences of the gradient.
import { streamOf } from '../../codegen/module/trainer/initial.js';
import type { Node } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { constantOf } from '../../ir/index.js';
import { add, mul } from '../../ir/ops/arithmetic.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { sum } from '../../ir/ops/reductions.js';
import { reachable } from '../../ir/reachable.js';
import { differentiate } from '../../passes/derive/differentiate.js';
import { simplify } from '../../passes/derive/simplify.js';
import { fourthOrder, judgement } from './differences.js';
import {
  coordinates,
  largestOf,
  leastOfDoubles,
  scaleOf,
  signs,
  type CheckOptions,
  type ParameterCheck,
} from './gradients.js';
import { groundOf, type Ground, type Mover } from './ground.js';
import type { Point } from './point.js';

/** A trained parameter with its gradient, a leaf for a direction, and the product of the Hessian with it. */
interface Part {
  readonly name: string;
  readonly leaf: Node;
  readonly gradient: Node;
  readonly direction: Node<{ name: string }>;
  /** Absent where the gradient is the same wherever the parameter is. */
  readonly product?: Node;
}

/** The rows of the Hessian for each w: Σⱼ grad(sum(grad(loss, wⱼ) · vⱼ), w). */
function partsOf({ builder: g }: ModelGraph, gradients: ReadonlyMap<string, Node>): Part[] {
  const parts = [...gradients].map(([name, gradient]) => {
    const { type } = gradient;
    // No input of a model has a name with a space in it.
    const direction = g.make(input, [], { name: `along ${name}`, type });
    return { name, gradient, leaf: g.make(parameter, [], { name, type }), direction };
  });
  const dots = parts.map(({ gradient, direction }) =>
    g.make(sum, [g.make(mul, [gradient, direction], {})], { axes: [...gradient.type.shape.keys()] }),
  );
  const [first, ...others] = dots;
  const dot = others.reduce<Node>((total, each) => g.make(add, [total, each], {}), first);
  const leaves = parts.map(({ leaf }) => leaf);
  const found = differentiate(dot, leaves, g);
  const made = found.flatMap((node) => node ?? []);
  const simple = simplify(made, g, 'derived', reachable([...gradients.values()]));
  return parts.map((part, i) => {
    const at = found[i] === undefined ? -1 : made.indexOf(found[i]);
    return { ...part, ...(at >= 0 && { product: simple[at] }) };
  });
}

/** Steps along the direction, as fractions of how far parameters are from 0, until no kink lies within one. */
const steps = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7];

/** Checks the product of the Hessian with one random direction through all parameters: every element of it. */
export function checkCurvature(
  model: ModelGraph,
  gradients: ReadonlyMap<string, Node>,
  point: Point,
  { limit, seen }: CheckOptions,
): readonly ParameterCheck[] {
  const parts = partsOf(model, gradients);
  const directions = parts.map(({ name }) => directionOf(point, name));
  const along = Object.fromEntries(parts.map(({ direction }, i) => [direction.attrs.name, directions[i]]));
  const products = groundOf(
    parts.flatMap(({ product }) => product ?? []),
    { ...point, inputs: { ...point.inputs, ...along } },
  );
  const ground = groundOf([...gradients.values()], point);
  const mover = ground.mover(parts.map(({ leaf }) => leaf));
  const slope = slopes(parts, directions, ground, mover);
  const noise = noiseOf(parts, ground, mover);
  const count = directions.reduce((n, v) => n + v.length, 0);
  const expected = parts.map(({ product, gradient }) =>
    product ? products.of(product) : new Float64Array(ground.of(gradient).length),
  );
  const least = leastOfDoubles * Math.max(0, ...expected.map(largestOf));
  const tellers = expected.map((product, i) => teller(product, noise[i], { limit, least }));
  for (const fraction of steps) {
    const step = fraction / Math.sqrt(count);
    const { estimates, clean } = slope(step);
    estimates.forEach((estimate, i) => tellers[i].take(estimate, step, clean));
    if (tellers.every((each) => each.known())) break;
  }
  mover.settle();
  return parts.map(({ name, leaf, gradient }, i) => {
    const shape = gradient.type.shape.map((d) => constantOf(d.size) ?? 0);
    const check: ParameterCheck = {
      name,
      shape,
      count: directions[i].length,
      ...(leaf.origin && { origin: leaf.origin }),
      ...tellers[i].told(shape),
      declared: [],
    };
    seen?.(check);
    return check;
  });
}

function directionOf({ parameters, seed }: Point, name: string): Float64Array {
  const from = parameters.get(name) ?? new Float32Array(0);
  const size = scaleOf(from);
  return Float64Array.from(signs(from.length, seed, streamOf(`${name} direction`)), (sign) => sign * size);
}

/** How fast each gradient changes along the direction, by differences of fourth order. */
function slopes(
  parts: readonly Part[],
  directions: readonly Float64Array[],
  ground: Ground,
  mover: Mover,
): (step: number) => { readonly estimates: readonly Float64Array[]; readonly clean: boolean } {
  return (step) => {
    let clean = true;
    const at = (t: number): Float64Array[] => {
      const decisions = mover.to((rooms) =>
        rooms.forEach((room, i) => directions[i].forEach((v, e) => (room[e] += t * v))),
      );
      clean &&= decisions === mover.decisions;
      return parts.map(({ gradient }) => ground.of(gradient).slice());
    };
    const [a, b, c, d] = [at(step), at(-step), at(2 * step), at(-2 * step)];
    const estimates = a.map((values, i) =>
      values.map((_, e) => fourthOrder([a[i][e], b[i][e], c[i][e], d[i][e]], step)),
    );
    return { estimates, clean };
  };
}

/** By how much rounding changes each gradient: what the last bits of parameters change, but for what is linear in them. */
function noiseOf(parts: readonly Part[], ground: Ground, mover: Mover): readonly number[] {
  const gradients = (): Float64Array[] => parts.map(({ gradient }) => ground.of(gradient).slice());
  const scaled = (factor: number): Float64Array[] => {
    mover.to((rooms) => {
      for (const room of rooms) for (let i = 0; i < room.length; i++) room[i] *= factor;
    });
    return gradients();
  };
  const at = gradients();
  const [up, down] = [scaled(1 + 2 ** -51), scaled(1 - 2 ** -51)];
  mover.settle();
  return at.map((values, i) => {
    const bent = values.map((d, e) => (up[i][e] - 2 * d + down[i][e]) / 2);
    return Math.max(largestOf(bent), 2 ** -53 * largestOf(values));
  });
}

/** Judges every element of one product. */
function teller(
  product: Float64Array,
  noise: number,
  { limit, least }: { readonly limit: number; readonly least: number },
) {
  const largest = largestOf(product);
  const judged = Array.from(product, (derivative) => judgement(derivative, Math.max(largest, least), limit));
  return {
    take(estimate: Float64Array, step: number, clean: boolean): void {
      const rounding = (4 * noise) / step;
      judged.forEach((each, e) => each.take({ value: estimate[e], rounding, clean }));
    },
    known: (): boolean => judged.every((each) => each.known()),
    told(shape: readonly number[]): Pick<ParameterCheck, 'checked' | 'leftOut' | 'largest' | 'error' | 'worst'> {
      const all = judged.map((each) => each.end());
      const compared = [...all.keys()].filter((e) => !all[e].kink);
      const worst = compared.reduce((at, e) => (at < 0 || all[e].error > all[at].error ? e : at), -1);
      return {
        checked: compared.length,
        leftOut: all.length - compared.length,
        largest,
        error: worst < 0 ? 0 : all[worst].error,
        ...(worst >= 0 && {
          worst: {
            at: coordinates(worst, shape),
            error: all[worst].error,
            gradient: product[worst],
            differences: all[worst].estimate,
          },
        }),
      };
    },
  };
}
