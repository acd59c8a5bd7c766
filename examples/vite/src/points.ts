// Points on two moons, with some noise: the same ones each time.
export interface Points {
  /** Two numbers a point, from about -1.5 to 2.5. */
  readonly at: Float32Array;
  /** 1 on the upper moon, 0 on the lower one. */
  readonly upper: Float32Array;
}

export function twoMoons(count: number): Points {
  const at = new Float32Array(2 * count);
  const upper = new Float32Array(count);
  let state = 1;
  // Numerical Recipes' generator: numbers from 0 to 1.
  const draw = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < count; i++) {
    const angle = Math.PI * draw();
    upper[i] = i % 2;
    const [x, y] = upper[i] ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    at.set([x + 0.2 * (draw() - 0.5), y + 0.2 * (draw() - 0.5)], 2 * i);
  }
  return { at, upper };
}
