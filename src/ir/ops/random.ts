// Random draws: a hash of (seed, draw, site, element), so that a run is reproducible from its seed on every target.
import { add, mul } from '../index.js';
import type { Op } from '../graph.js';
import { apply, indexValue, number, siteNumber, type Scalar } from '../scalar.js';
import { constant as whole } from '../index.js';
import { dim, stridesOf, tensor, type Dim } from '../types.js';

/** Rotations of Threefry-2x32 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011). */
export const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
export const rounds = 12;
export const parity = 0x1bd11bda;

/** Threefry-2x32: add, rotate and xor of 32-bit words alone. The first word of the result. */
export function threefry(key: readonly [Scalar, Scalar], counter: readonly [Scalar, Scalar]): Scalar {
  const keys = [key[0], key[1], apply('xor', apply('xor', key[0], key[1]), number(parity, 'u32'))];
  let x = apply('add', counter[0], keys[0]);
  let y = apply('add', counter[1], keys[1]);
  for (let round = 0; round < rounds; round++) {
    x = apply('add', x, y);
    y = apply('xor', rotate(y, rotations[round % 8]), x);
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = apply('add', x, keys[injection % 3]);
      y = apply('add', apply('add', y, keys[(injection + 1) % 3]), number(injection, 'u32'));
    }
  }
  return x;
}

function rotate(x: Scalar, by: number): Scalar {
  // The two shifted parts have no bit in common, so their sum is their union.
  return apply('add', apply('shl', x, number(by, 'u32')), apply('shr', x, number(32 - by, 'u32')));
}

export const random: Op<{ site: number; shape: readonly Dim[] }> = {
  kind: 'element',
  name: 'random',
  summary:
    'Uniform in [0, 1), with 24 bits: Threefry-2x32 of 12 rounds, keyed by seed and draw, counting site and element.',
  type: (_, { shape }) => tensor(shape),
  element: (at, [seed, draw], { attrs: { site }, type }) => {
    const strides = stridesOf(type);
    const place = add(...at.map((i, n) => mul(i, strides[n])));
    const word = threefry(
      [apply('u32', seed([])), apply('u32', draw([]))],
      [apply('u32', indexValue(place)), siteNumber(site)],
    );
    return apply('mul', apply('f32', apply('shr', word, number(8, 'u32'))), number(2 ** -24));
  },
  samples: [{ inputs: ['index(100)', 'index(100)'], attrs: { site: 1, shape: [dim(whole(2)), dim(whole(3))] } }],
};
