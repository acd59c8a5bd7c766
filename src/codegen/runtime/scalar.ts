// Scalar functions that JavaScript lacks.

/** The error function: 2/√π · exp(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·…·(2n+1)), whose terms are all of one sign. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** To the nearest integer; halves to the even one. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

const floatWord = new Float32Array(1);
const bitsWord = new Uint32Array(floatWord.buffer);

/** The bits of a 32-bit float. */
export function floatBits(x: number): number {
  floatWord[0] = x;
  return bitsWord[0];
}

/** The 32-bit float of these bits. */
export function bitsFloat(bits: number): number {
  bitsWord[0] = bits;
  return floatWord[0];
}
