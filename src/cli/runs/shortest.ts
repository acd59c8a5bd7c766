// Numbers as text.

/** The fewest digits that read back as the same f32. */
export function shortestSingle(value: number): string {
  if (!Number.isFinite(value) || Math.fround(value) !== value) return `${value}`;
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return Object.is(value, -0) ? '-0' : `${value}`;
  // Six digits always survive the way through f32, and nine tell all of them apart.
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return `${short}`;
  }
  return `${Number(value.toPrecision(9))}`;
}
