// Distorted digits: turned, stretched, slanted and moved a little, so that each is another picture of the same.

const width = 28;
const middle = (width - 1) / 2;

/** A number between two, by a draw. */
const drawn = (random, from, to) => from + (to - from) * random();

/** Which place of a picture each place of the distorted one shows: x and y of it are a · (u, v) + (dx, dy), about the middle. */
export function distortion(random) {
  const angle = (drawn(random, -25, 25) * Math.PI) / 180;
  const [wide, high] = [drawn(random, 0.8, 1.25), drawn(random, 0.8, 1.25)];
  const slant = drawn(random, -0.3, 0.3);
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return {
    a: [cosine / wide, (slant * cosine - sine) / high, sine / wide, (slant * sine + cosine) / high],
    shift: [drawn(random, -3, 3), drawn(random, -3, 3)],
  };
}

/** Writes the distorted picture that begins at `from` of `images` to `to` of `into`, between pixels by the four around. */
export function distort({ a, shift }, images, from, into, to) {
  const grey = (x, y) => (x < 0 || y < 0 || x >= width || y >= width ? 0 : images[from + width * y + x]);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = [x - middle - shift[0], y - middle - shift[1]];
      const [px, py] = [a[0] * u + a[1] * v + middle, a[2] * u + a[3] * v + middle];
      const [left, top] = [Math.floor(px), Math.floor(py)];
      const [right, low] = [px - left, py - top];
      into[to + width * y + x] =
        (1 - low) * ((1 - right) * grey(left, top) + right * grey(left + 1, top)) +
        low * ((1 - right) * grey(left, top + 1) + right * grey(left + 1, top + 1));
    }
}

/** Two distorted pictures of each of `count` digits, drawn from the first `rows`. */
export function pairs({ image }, rows, count, random) {
  const [left, right] = [new Float32Array(784 * count), new Float32Array(784 * count)];
  for (let i = 0; i < count; i++) {
    const from = 784 * Math.floor(rows * random());
    for (const side of [left, right]) distort(distortion(random), image, from, side, 784 * i);
  }
  return { left, right };
}
