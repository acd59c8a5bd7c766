// How large addresses become: bounded, however many reshapes, crops and levels stand one inside another.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/index.js';
import { kernelsOf } from '../../src/codegen/uses.js';
import { add, div, inOnePiece, mul, printIndex, rangeOf, size, sizeOfIndex, sub, toIndex } from '../../src/ir/index.js';
import { visitStatements } from '../../src/ir/statements.js';
import { largestAddress } from '../../src/passes/stored/addresses.js';
import { agree } from '../support/agree.js';
import { unetText } from '../support/unet.js';

/** How many parts the largest address of a program has. */
function largestIn(text: string): number {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  let largest = 0;
  const address = (index: Parameters<typeof sizeOfIndex>[0]): void =>
    void (largest = Math.max(largest, sizeOfIndex(index)));
  for (const entry of Object.values(programOf(model, 'ts').entries))
    for (const kernel of kernelsOf(entry)) visitStatements(kernel.body, { address });
  return largest;
}

/** So many layers one after another over [batch, T, 4]. */
function chainText(count: number, layer: (x: string) => string, T = 'T'): string {
  const lines = Array.from({ length: count }, (_, i) => `a${i + 1} = ${layer(`a${i}`)}`);
  return `model chain {
  input x: [batch, ${T}, 4]
  param w: [4] = [1, 2, 3, 4]
  a0 = x * w
  ${lines.join('\n  ')}
  loss = sum(a${count} * reshape(x, shape(a${count})))
  train { optimizer = sgd(lr = 0.1) }
}
`;
}

const shuffled = (x: string): string => `reshape(transpose(${x}), shape(${x}))`;

describe('a size that is a sum', () => {
  const [h, w] = [inOnePiece(sub(size('H'), 2)), inOnePiece(sub(size('W', 1), 2))];

  it('is one factor of a stride, and divides it', () => {
    expect(printIndex(mul(mul(h, w), 3))).toBe('3*(H - 2)*(W - 2)');
    expect(div(mul(mul(h, w), 3), w).key).toBe(mul(h, 3).key);
  });

  it('is equal to itself multiplied out, and written in the shorter of both ways', () => {
    const spelled = add(mul(size('H'), size('W', 1)), mul(size('H'), -2), mul(size('W', 1), -2), 4);
    expect(mul(h, w).key).toBe(spelled.key);
    expect(printIndex(add(h, 2))).toBe('H');
    expect(sub(mul(h, w), spelled).terms).toEqual([]);
    expect(div(add(h, 0), toIndex(2)).key).toBe(sub(div(size('H'), toIndex(2)), 1).key);
  });

  it('is at least 1', () => {
    expect(rangeOf(h).min).toBe(1);
    expect(rangeOf(sub(mul(h, w), 1)).min).toBe(0);
  });
});

describe('addresses', () => {
  const levels = { levels: 3, down: 'max_pool2d(2)', fit: 'skip' } as const;
  const [up, upsampled] = ['conv_transpose2d(CHANNELS, kernel = 2, stride = 2)', 'upsample2d(2)'];

  it.each([
    { ...levels, up, padding: '0' },
    { ...levels, up: upsampled, padding: '"same"' },
  ])(
    'of a U-Net over run-time sizes do not grow with its levels: $up, $padding',
    (net) => {
      expect(largestIn(unetText(net))).toBeLessThanOrEqual(80);
    },
    60_000,
  );

  it.each([
    ['reshapes and transposes', shuffled],
    ['slices and concatenations', (x: string) => `concat([${x}[:, 1:], ${x}[:, :1]], axis = 1)`],
  ])(
    'of twenty %s one inside another are bounded',
    (_, layer) => {
      for (const T of ['T', '6']) expect(largestIn(chainText(20, layer, T))).toBeLessThanOrEqual(8 * largestAddress);
    },
    60_000,
  );

  it('of what is stored on the way are right', async () => {
    const text = chainText(9, shuffled, '6');
    const inputs = (rows: number) => ({ x: Float32Array.from({ length: rows * 24 }, (_, i) => Math.sin(i)) });
    await agree({ text, inputs }, 1, { batches: [3, 1] });
  });
});
