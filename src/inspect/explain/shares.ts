// A whole number divided into whole numbers.

/** In proportion of the weights; what rounding leaves goes to the largest remainders, so that the parts add up. */
export function divided(whole: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) return weights.map((_, i) => (i === 0 ? whole : 0));
  const exact = weights.map((weight) => (whole * weight) / sum);
  const parts = exact.map(Math.floor);
  const left = whole - parts.reduce((a, b) => a + b, 0);
  const order = exact.map((value, i) => ({ i, rest: value - parts[i] })).sort((a, b) => b.rest - a.rest);
  for (const { i } of order.slice(0, left)) parts[i]++;
  return parts;
}
