// Points of a plane that the playground makes: the same for everybody.
import { drawUniform } from '../../../src/codegen/runtime/random.js';
import type { DataChoice, Plane, Point } from './choice.js';

const count = 200;

/** The points of a choice: as they were drawn, else as they are made. */
export function pointsOf({ kind, points }: Extract<DataChoice, { kind: Plane }>): readonly Point[] {
  return points ?? made[kind];
}

/** For each point a place on its shape, and how far it lies beside it, each way from -0.5 to 0.5. */
function shape(stream: number, place: (i: number, along: number, beside: readonly [number, number]) => Point): Point[] {
  const draws = new Float32Array(3 * count);
  drawUniform(draws, 1, stream, 0, 1);
  const rounded = (value: number): number => Math.round(1000 * value) / 1000;
  return Array.from({ length: count }, (_, i) => {
    const [along, right, up] = draws.subarray(3 * i, 3 * i + 3);
    const { x, y, class: of } = place(i, along, [right - 0.5, up - 0.5]);
    return { x: rounded(x), y: rounded(y), class: of };
  });
}

const made: Readonly<Record<Plane, readonly Point[]>> = {
  xor: shape(1, (i, _, [right, up]) => {
    const [a, b] = [i & 1, (i >> 1) & 1];
    return { x: a - 0.5 + 0.6 * right, y: b - 0.5 + 0.6 * up, class: a ^ b };
  }),
  spirals: shape(2, (i, along, [right, up]) => {
    const radius = Math.sqrt(along);
    const angle = 6.5 * radius + Math.PI * (i & 1);
    return {
      x: 0.95 * radius * Math.cos(angle) + 0.06 * right,
      y: 0.95 * radius * Math.sin(angle) + 0.06 * up,
      class: i & 1,
    };
  }),
  moons: shape(3, (i, along, [right, up]) => {
    const angle = Math.PI * along;
    const [x, y] = i & 1 ? [1 - Math.cos(angle), 0.5 - Math.sin(angle)] : [Math.cos(angle), Math.sin(angle)];
    return { x: 0.55 * (x - 0.5) + 0.16 * right, y: 0.55 * (y - 0.25) + 0.16 * up, class: i & 1 };
  }),
};
