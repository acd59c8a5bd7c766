// Amounts as people read them.

/** Operations for each byte that is moved. */
export function intensityOf(flops: number, bytes: number): number {
  return bytes === 0 ? 0 : flops / bytes;
}

/** `12,800`; nothing where there is none. */
export function countText(value: number): string {
  return value === 0 ? '' : value.toLocaleString('en');
}

/** `12.8 M`. */
export function flopsText(value: number): string {
  if (value === 0) return '';
  const [scaled, unit] =
    value >= 1e9
      ? [value / 1e9, ' G']
      : value >= 1e6
        ? [value / 1e6, ' M']
        : value >= 1e4
          ? [value / 1e3, ' k']
          : [value, ''];
  return unit === '' ? String(scaled) : `${scaled.toPrecision(3)}${unit}`;
}

/** `1.5 MiB`. */
export function bytesText(value: number): string {
  if (value === 0) return '';
  const power = Math.min(3, Math.floor(Math.log2(value) / 10));
  return power === 0 ? `${value} B` : `${(value / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
}
