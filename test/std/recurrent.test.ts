// Recurrent layers against PyTorch 2's nn.RNN, nn.LSTM and nn.GRU, and its packed sequences (test/reference/recurrent.json): outputs and gradients.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTrainer } from '../support/anyTarget.js';
import { startGpu, type GpuProcess } from '../support/gpu.js';
import { loadText } from '../support/trainer.js';

interface Recorded {
  readonly kind: 'rnn' | 'lstm' | 'gru';
  readonly bidirectional: boolean;
  readonly lengths?: readonly number[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly w: readonly number[];
  readonly v: readonly number[];
  /** Behind its length a sequence is 0, as PyTorch pads. */
  readonly output: readonly number[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const recorded: readonly Recorded[] = JSON.parse(
  readFileSync(new URL('../reference/recurrent.json', import.meta.url), 'utf8'),
);
const [rows, steps, width, units] = [3, 5, 2, 3];

/** What weighs the outputs within their lengths, and the last states. `mask`: lengths are given as one. */
function modelOf({ kind, bidirectional, lengths }: Recorded, mask: boolean): string {
  const across = bidirectional ? 2 * units : units;
  const given = [
    ...(bidirectional ? [] : ['start = start']),
    ...(kind === 'lstm' && !bidirectional ? ['cell = cell'] : []),
    ...(lengths ? [`lengths = ${mask ? 'within' : 'lengths'}`] : []),
  ];
  const layer = bidirectional ? `bidirectional(${kind}(${units}))` : `${kind}(${units})`;
  return `model m {
  input w: [${rows}, ${steps}, ${across}]
  input v: [${rows}, ${across}]
  ${lengths ? `input lengths: index(${steps + 1})[${rows}]\n  within = f32(range(${steps})) < f32(lengths)[:, none]` : ''}
  param x: [${rows}, ${steps}, ${width}] = 0
  ${bidirectional ? '' : `param start: [${rows}, ${units}] = 0`}
  ${kind === 'lstm' && !bidirectional ? `param cell: [${rows}, ${units}] = 0` : ''}
  h = ${layer}(${['x', ...given].join(', ')})
  output h
  last = ${bidirectional ? `concat([h[:, -1, :${units}], h[:, 0, ${units}:]], axis = 1)` : 'h[:, -1]'}
  counted = ${lengths ? 'if within[:, :, none] then h else 0' : 'h'}
  loss = sum(w * counted) + sum(v * last)
}`;
}

function expectClose(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  wanted.forEach((value, i) => expect(Math.abs(found[i] - value) / scale, `${what}[${i}]`).toBeLessThan(2e-5));
}

const cases = recorded.map((record) => {
  const { kind, bidirectional, lengths } = record;
  return [`${bidirectional ? `bidirectional(${kind})` : kind}${lengths ? ' with lengths' : ''}`, record] as const;
});

let gpu: GpuProcess;
beforeAll(async () => void (gpu = await startGpu('swiftshader')));
afterAll(() => gpu?.end());

/** Of shaders the layers with all there is to them; under FULL=1 every one. */
const inShaders = ['bidirectional(lstm) with lengths', 'gru with lengths'];

describe.each(cases)('%s', (title, record) => {
  const shaders = process.env.FULL === '1' || inShaders.includes(title);
  it.each([['ts', false] as const, ['wasm', true] as const, ...(shaders ? [['wgsl', true] as const] : [])])(
    'is what PyTorch says, on %s',
    async (target, mask) => {
      const parameters = Object.fromEntries(
        Object.entries(record.parameters).map(([name, values]) => [name, Float32Array.from(values)]),
      );
      const trainer = await startTrainer(modelOf(record, mask), { target, gpu, options: { parameters } });
      expect(Object.keys(await trainer.read()).sort()).toEqual(Object.keys(parameters).sort());
      const { lengths, w, v } = record;
      const inputs = {
        w: Float32Array.from(w),
        v: Float32Array.from(v),
        ...(lengths && { lengths: Int32Array.from(lengths) }),
      };
      const { h } = await trainer.predict(lengths ? { lengths: inputs.lengths } : {});
      const across = w.length / rows / steps;
      const isWithin = (i: number): boolean =>
        Math.floor(i / across) % steps < (lengths?.[Math.floor(i / across / steps)] ?? steps);
      expectClose(
        Array.from(h, (value, i) => (isWithin(i) ? value : 0)),
        record.output,
        'h',
      );
      // Behind its length it stays as at its end.
      const ends = Array.from(h, (value, i) => {
        if (isWithin(i)) return 0;
        const [row, place] = [Math.floor(i / across / steps), i % across];
        const end = record.bidirectional && place >= units ? 0 : (lengths?.[row] ?? steps) - 1;
        return value - h[(row * steps + end) * across + place];
      });
      expectClose(
        ends,
        ends.map(() => 0),
        'what stays',
      );
      const { loss, gradients } = await trainer.gradients(inputs);
      expectClose([loss], [record.loss], 'loss');
      expect(Object.keys(gradients).sort()).toEqual(Object.keys(record.gradients).sort());
      for (const [name, values] of Object.entries(record.gradients)) expectClose(gradients[name], values, `d_${name}`);
    },
  );
});

describe('lengths', () => {
  const modelWith = (N: number, T: number | string): string =>
    `model m {\n  input x: [batch, ${T}, 2]\n  input n: index(${N})[batch]\n  output h = gru(3)(x, lengths = n)\n}\n`;
  const x = Float32Array.from({ length: 2 * 5 * 2 }, (_, i) => Math.sin(i));

  it('above the number of positions count as it, where their type allows them', async () => {
    const { createTrainer } = await loadText(modelWith(9, 5));
    const trainer = createTrainer({ seed: 1 });
    const of = (...n: number[]): ArrayLike<number> => trainer.predict({ x, n: Int32Array.from(n) }).h;
    expect(of(8, 3)).toEqual(of(5, 3));
    expect(of(4, 3)).not.toEqual(of(5, 3));
  });

  it('above what their type allows are refused', async () => {
    const { createTrainer } = await loadText(modelWith(6, 5));
    const trainer = createTrainer({ seed: 1 });
    expect(() => trainer.predict({ x, n: Int32Array.of(6, 3) })).toThrow(
      'n: expected index(6)[batch], got 6 at position 0',
    );
  });

  it('whose type cannot tell all positions of a call are refused', async () => {
    const { createTrainer } = await loadText(modelWith(5, 'T'));
    const trainer = createTrainer({ seed: 1 });
    const n = Int32Array.of(4, 3);
    expect(trainer.predict({ x: x.subarray(0, 16), n }).h).toHaveLength(2 * 4 * 3);
    expect(() => trainer.predict({ x, n })).toThrow(RangeError);
    expect(() => trainer.predict({ x, n })).toThrow('N above the number of positions');
  });
});
