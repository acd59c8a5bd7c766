// The error function of the reference evaluator, beside the values of Python's.
import { expect, it } from 'vitest';
import { erf } from '../../src/ir/evaluateScalar.js';

it.each([
  [1e-10, 1.1283791670955126e-10],
  [0.0624, 0.07031957901690875],
  [0.0626, 0.07054437502289038],
  [0.3, 0.3286267594591274],
  [0.5, 0.5204998778130465],
  [1.0, 0.8427007929497149],
  [1.4375, 0.95794060605646],
  [2.0, 0.9953222650189527],
  [2.95, 0.9999697969579359],
  [3.3, 0.9999969422902035],
  [4.7, 0.9999999999700474],
  [5.99, 1.0],
])('erf(%d)', (x, value) => {
  expect(Math.abs(erf(x) / value - 1)).toBeLessThan(4e-16);
  expect(erf(-x)).toBe(-erf(x));
});
