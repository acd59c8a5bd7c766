// Slices with steps along axes whose sizes only a call knows.
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

const text = `model sliced {
  input x: [T]
  input w: [T]
  output even = x[::2]
  output third = x[1::3]
  output back = x[::-2]
  output inner = x[T - 2:0:-2]
  output turned = x[-2::-1]
  loss = sum((x * w)[1::2]^2) + sum((x * w)[::-3])
}`;

describe.each(['ts', 'wasm'] as const)('slices on %s', (target) => {
  it('take every so many-th element, in either direction', async () => {
    const trainer = await (await loadText(text, { target })).createTrainer();
    for (let T = 3; T < 9; T++) {
      const x = Float32Array.from({ length: T }, (_, i) => i + 1);
      const walk = (from: number, step: number, past: number): number[] => {
        const taken: number[] = [];
        for (let i = from; step > 0 ? i < past : i > past; i += step) taken.push(x[i]);
        return taken;
      };
      const found = Object.entries(trainer.predict({ x })).map(([name, values]) => [name, [...(values as number[])]]);
      expect(Object.fromEntries(found)).toEqual({
        even: walk(0, 2, T),
        third: walk(1, 3, T),
        back: walk(T - 1, -2, -1),
        inner: walk(T - 2, -2, 0),
        turned: walk(T - 2, -1, -1),
      });
      const w = Float32Array.from({ length: T }, (_, i) => 2 - i / 3);
      const odd = x.reduce((sum, v, i) => sum + (i % 2 === 1 ? (v * w[i]) ** 2 : 0), 0);
      const every = x.reduce((sum, v, i) => sum + ((T - 1 - i) % 3 === 0 ? v * w[i] : 0), 0);
      expect(trainer.evaluate({ x, w }).loss).toBeCloseTo(odd + every, 4);
    }
    expect(() => trainer.predict({ x: Float32Array.of(1) })).toThrow(/the slice/);
  });
});
