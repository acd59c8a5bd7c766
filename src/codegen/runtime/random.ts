// Random draws by counter: the same seed gives the same numbers on every target.

/** Threefry-2x32, 20 rounds (Salmon et al., 2011): two random words for a key of two words and a counter of two. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0, key1, 0x1bd11bda ^ key0 ^ key1];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const by = rotations[round % 8];
    x = (x + y) | 0;
    y = ((y << by) | (y >>> (32 - by))) ^ x;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = (x + keys[injection % 3]) | 0;
      y = (y + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [x >>> 0, y >>> 0];
}

const rotations = [13, 15, 26, 6, 17, 29, 16, 24];

/** Fills with uniform draws from [low, high). */
export function drawUniform(into: Float32Array, seed: number, stream: number, low: number, high: number): void {
  for (let i = 0; i < into.length; i++)
    into[i] = low + ((high - low) * (threefry(seed, stream, i, 0)[0] >>> 8)) / 2 ** 24;
}

/** Fills with normal draws (Box and Muller, 1958). */
export function drawNormal(
  into: Float32Array | Float64Array,
  seed: number,
  stream: number,
  mean: number,
  std: number,
): void {
  for (let i = 0; i < into.length; i += 2) {
    const [a, b] = threefry(seed, stream, i, 1);
    const radius = std * Math.sqrt(-2 * Math.log((a + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * b) / 2 ** 32;
    into[i] = mean + radius * Math.cos(angle);
    if (i + 1 < into.length) into[i + 1] = mean + radius * Math.sin(angle);
  }
}

/** Fills a matrix with orthonormal rows, or columns where there are fewer, times gain: Gram and Schmidt on normal draws. */
export function drawOrthogonal(into: Float32Array, seed: number, stream: number, rows: number, gain: number): void {
  const columns = into.length / rows;
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const all = new Float64Array(into.length);
  drawNormal(all, seed, stream, 0, 1);
  const vectors = Array.from({ length: count }, (_, i) => all.subarray(i * length, (i + 1) * length));
  vectors.forEach((v, n) => {
    // Twice, so that rounding leaves nothing behind.
    for (const u of [...vectors.slice(0, n), ...vectors.slice(0, n)]) {
      const along = dot(u, v);
      for (let i = 0; i < length; i++) v[i] -= along * u[i];
    }
    const norm = Math.sqrt(dot(v, v));
    for (let i = 0; i < length; i++) v[i] /= norm;
    for (let i = 0; i < length; i++) into[rows < columns ? n * columns + i : i * columns + n] = gain * v[i];
  });
}

function dot(u: Float64Array, v: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < u.length; i++) sum += u[i] * v[i];
  return sum;
}

/** The numbers from 0 to count - 1 in random order (Fisher and Yates). */
export function permutation(count: number, seed: number, stream: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((threefry(seed, stream, i, 2)[0] / 2 ** 32) * (i + 1));
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
