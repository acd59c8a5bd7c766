// What pictures of digits have in common and in what they differ, for examples that draw some.

const size = 784;

/** Mean and variance of each pixel over pictures one after another, black being `most`. */
export function pixelsOf(values: ArrayLike<number>, most = 1): { mean: number[]; variance: number[] } {
  const count = values.length / size;
  const overPictures = (of: (value: number) => number): number[] =>
    Array.from({ length: size }, (_, pixel) => {
      let sum = 0;
      for (let picture = 0; picture < count; picture++) sum += of(values[picture * size + pixel] / most);
      return sum / count;
    });
  const mean = overPictures((value) => value);
  const squares = overPictures((value) => value ** 2);
  return { mean, variance: squares.map((square, pixel) => square - mean[pixel] ** 2) };
}

/** How alike two pictures are: the cosine of the angle between them. */
export function likeness(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}
