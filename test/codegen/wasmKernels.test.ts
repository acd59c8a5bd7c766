// Kernels as WebAssembly: tiles, tails, guards, gathers, transposes and integers compute what they say.
import { describe, expect, it } from 'vitest';
import { product } from './matmul.js';
import { runKernels } from './runKernels.js';

describe('a packed 4×8 product', () => {
  for (const rows of [4, 6, 7, 64]) {
    it(`is right for ${rows} rows`, () => {
      const [k, n] = [33, 16];
      const { kernel, a, b, c, panel } = product('batch', k, n);
      const running = runKernels([kernel], [a, b, c, panel], { batch: rows });
      running.of(a).forEach((_, i, all) => (all[i] = Math.sin(i)));
      running.of(b).forEach((_, i, all) => (all[i] = Math.cos(3 * i)));
      running.run();
      const [x, w, y] = [a, b, c].map((of) => running.of(of));
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let q = 0; q < k; q++) sum += x[i * k + q] * w[q * n + j];
          expect(y[i * n + j]).toBeCloseTo(sum, 4);
        }
    });
  }
});
