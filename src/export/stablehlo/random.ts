// Draws: the generator of src/ir/ops/random.ts in words of 32 bits, so that each is the same as in a trainer.
import { parity, rotations, rounds, type random } from '../../ir/ops/random.js';
import type { Block, Value } from './block.js';
import { dimsOf, spelling, type AttrsOf, type Spelling } from './spelled.js';
import { count, type } from './types.js';

export const spellRandom: Spelling<AttrsOf<typeof random>> = spelling((to, [seed, draw], node, sizeOf) => {
  const dims = dimsOf(node, sizeOf);
  const word = type('ui32', dims);
  const spread = (x: Value): Value => to.broadcast(to.bitcast(x, 'ui32'), dims, []);
  const first = threefry(
    to,
    [spread(seed), spread(draw)],
    [placesOf(to, dims), to.constant(node.attrs.site >>> 0, word)],
  );
  const bits = to.elementwise('shift_right_logical', first, to.constant(8, word));
  const unit = to.convert(bits, 'f32');
  return to.elementwise('multiply', unit, to.constant(2 ** -24, unit.type));
});

/** The number of each element, row-major: of coordinates, so that each device makes its own. */
function placesOf(to: Block, dims: readonly number[]): Value {
  const of = type('ui32', dims);
  const parts = dims.map((_, axis) => {
    const stride = count(dims.slice(axis + 1));
    const coordinate = to.iota(axis, of);
    return stride === 1 ? coordinate : to.elementwise('multiply', coordinate, to.constant(stride, of));
  });
  return parts.length === 0 ? to.constant(0, of) : parts.reduce((sum, part) => to.elementwise('add', sum, part));
}

/** The first word of Threefry-2x32. */
function threefry(to: Block, key: readonly [Value, Value], counter: readonly [Value, Value]): Value {
  const word = key[0].type;
  const add = (a: Value, b: Value): Value => to.elementwise('add', a, b);
  const xor = (a: Value, b: Value): Value => to.elementwise('xor', a, b);
  const keys = [key[0], key[1], xor(xor(key[0], key[1]), to.constant(parity, word))];
  let [x, y] = [add(counter[0], keys[0]), add(counter[1], keys[1])];
  for (let round = 0; round < rounds; round++) {
    x = add(x, y);
    y = xor(rotated(to, y, rotations[round % rotations.length]), x);
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = add(x, keys[injection % 3]);
    y = add(add(y, keys[(injection + 1) % 3]), to.constant(injection, word));
  }
  return x;
}

function rotated(to: Block, x: Value, by: number): Value {
  const left = to.elementwise('shift_left', x, to.constant(by, x.type));
  return to.elementwise('or', left, to.elementwise('shift_right_logical', x, to.constant(32 - by, x.type)));
}
