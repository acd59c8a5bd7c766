// Numbers as the language writes them.

/** A number as the language writes it, with as many digits as tell it from its neighbours among f32: 1 - 0.9 is 0.1. */
export function printNumber(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === rounded && Number.isFinite(rounded) && String(short).length < String(value).length)
      return String(short);
  }
  return String(value);
}

/** A number with all its digits. */
export function printExactly(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';
}
