// Halves by their definition: sign, five bits of exponent, ten of mantissa.

/** The number of a half's bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** The bits of the half next to a number, of two the even one. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // The distance of halves at this number.
  const unit = 2 ** (Math.max(-14, Math.floor(Math.log2(magnitude))) - 10);
  const units = magnitude === 0 ? 0 : magnitude / unit;
  const below = Math.floor(units);
  const rest = units - below;
  const rounded = (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below) * unit;
  if (rounded === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(rounded)));
  const mantissa = rounded / 2 ** (exponent - 10);
  return sign | (mantissa >= 1024 ? ((exponent + 15) << 10) | (mantissa - 1024) : mantissa);
}

/** A number rounded to a half. */
export function rounded(value: number): number {
  return fromHalf(toHalf(value));
}
