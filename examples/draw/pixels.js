// From a drawing to what the network has seen: 28×28 pixels, the digit 20 pixels large, its centre of mass in the middle.

/** `rgba` is a square drawing of `side` pixels in black on white; the result has 784 values from 0 (paper) to 1 (ink). */
export function toPixels(rgba, side) {
  const ink = (x, y) => 1 - rgba[4 * (y * side + x)] / 255;
  let [left, right, top, bottom] = [side, -1, side, -1];
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const value = ink(x, y);
      if (value < 0.05) continue;
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      [mass, sumX, sumY] = [mass + value, sumX + value * (x + 0.5), sumY + value * (y + 0.5)];
    }
  const pixels = new Float32Array(784);
  if (mass === 0) return pixels;
  // A pixel of the result stands for a square of the drawing.
  const unit = Math.max(right - left + 1, bottom - top + 1) / 20;
  const [originX, originY] = [sumX / mass - 14 * unit, sumY / mass - 14 * unit];
  const steps = Math.max(2, Math.ceil(unit));
  for (let row = 0; row < 28; row++)
    for (let column = 0; column < 28; column++) {
      let sum = 0;
      for (let i = 0; i < steps; i++)
        for (let j = 0; j < steps; j++) {
          const x = Math.floor(originX + (column + (j + 0.5) / steps) * unit);
          const y = Math.floor(originY + (row + (i + 0.5) / steps) * unit);
          if (x >= 0 && x < side && y >= 0 && y < side) sum += ink(x, y);
        }
      pixels[28 * row + column] = sum / steps ** 2;
    }
  return pixels;
}
