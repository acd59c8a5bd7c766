// Random draws: the same words as every trainer's, Threefry-2x32 of 12 rounds, in whole numbers of 64 bits of which 32 count.
import type { NodeOf } from '../../ir/graph.js';
import { one, product, zero } from '../../ir/index.js';
import { parity, rotations, rounds, type random } from '../../ir/ops/random.js';
import { labelOf } from './elementwise.js';
import { series } from './movement.js';
import type { Value, Writer } from './writer.js';

const whole = 2 ** 32;

export function drawn(node: NodeOf<typeof random>, writer: Writer): Value {
  const [seed, draw] = node.inputs.map((input) => writer.of(input));
  const { site, shape } = node.attrs;
  const number = (n: number): Value => writer.number([n], 'int64');
  const masked = (x: Value): Value => writer.add('BitwiseAnd', [x, number(whole - 1)]);
  const sum = (a: Value, b: Value): Value => masked(writer.add('Add', [a, b]));
  const xor = (a: Value, b: Value): Value => writer.add('BitwiseXor', [a, b]);
  // Shifted left, what leaves the word on one side stands above it, from where it comes in on the other.
  const rotated = (x: Value, by: number): Value => {
    const shifted = writer.add('Mul', [x, number(2 ** by)]);
    return sum(shifted, writer.add('Div', [shifted, number(whole)]));
  };
  const keys = [masked(seed), masked(draw)];
  keys.push(xor(xor(keys[0], keys[1]), number(parity)));
  const count = shape.length === 0 ? one : product(shape.map((d) => d.size));
  let x = sum(series(zero, count, 1, writer), keys[0]);
  let y = sum(number(site), keys[1]);
  for (let round = 0; round < rounds; round++) {
    x = sum(x, y);
    y = xor(rotated(y, rotations[round % rotations.length]), x);
    if (round % 4 !== 3) continue;
    const injection = (round + 1) / 4;
    x = sum(x, keys[injection % 3]);
    y = sum(sum(y, keys[(injection + 1) % 3]), number(injection));
  }
  // The upper 24 bits are all that a float holds.
  const bits = writer.cast(writer.add('Div', [x, number(2 ** 8)]), 'float');
  const uniform = writer.add('Mul', [bits, writer.number([2 ** -24], 'float')], { name: labelOf(node, 'uniform') });
  return writer.reshaped(uniform, shape);
}
