// Functions written as polynomials, over the whole range of f32: one bit pattern in 251, and every one near 0 and 1 of some.
import { describe, expect, it } from 'vitest';
import { claims, createRunner, distance, length } from '../support/intrinsics.js';

/** Coprime to the powers of two, so that all low bits come up. */
const stride = 251;
const count = Math.ceil(2 ** 32 / stride);

describe.each(Object.entries(claims))('%s', (op, { exact, ulp, limit, value }) => {
  it(`is within ${ulp} units in the last place everywhere`, () => {
    const run = createRunner(value, true);
    const bits = new Uint32Array(length);
    const x = new Float32Array(bits.buffer);
    let worst = { distance: 0, x: 0, got: 0, exact: 0 };
    for (let start = 0; start < count; start += length) {
      for (let i = 0; i < length; i++) bits[i] = (start + i) * stride;
      const got = run(x);
      for (let i = 0; i < length; i++) {
        if (limit !== undefined && Math.abs(x[i]) > limit) continue;
        const d = distance(got[i], exact(x[i]));
        if (!(d <= worst.distance)) worst = { distance: d, x: x[i], got: got[i], exact: exact(x[i]) };
      }
    }
    expect(worst.distance, `${op}: ${JSON.stringify(worst)}`).toBeLessThanOrEqual(ulp);
  });
});
