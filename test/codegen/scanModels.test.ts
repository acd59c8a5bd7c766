// Models with scans on TypeScript and WebAssembly: losses and gradients as the reference evaluator has them, with threads, copies and profiles.
import { describe, expect, it } from 'vitest';
import { makePrograms } from '../../src/compile.js';
import { runsOf } from '../../src/ir/runs.js';
import { agree } from '../support/agree.js';
import { sharing } from '../support/sharing.js';
import { runnableText } from '../support/runnable.js';
import { importCode, loadText } from '../support/trainer.js';

const gru = `
layer gru(units)(x: [batch, T, n]) -> [batch, T, units] {
  param W: [n, 3 * units] ~ glorot_uniform()
  param U: [units, 3 * units] ~ orthogonal()
  param b: [3 * units] = 0
  gates = x @ W + b
  return scan gt in gates along T, h = zeros([batch, units]) {
    zx, rx, cx = split(gt, 3, axis = -1)
    zh, rh, ch = split(h @ U, 3, axis = -1)
    z = sigmoid(zx + zh)
    r = sigmoid(rx + rh)
    candidate = tanh(cx + r * ch)
    h := (1 - z) * candidate + z * h
    emit h
  }
}
`;

const lstm = `
layer lstm(units)(x: [batch, T, n]) -> [batch, T, units] {
  param W: [n, 4 * units] ~ glorot_uniform()
  param U: [units, 4 * units] ~ orthogonal()
  gates = x @ W
  return scan gt in gates along T, h = zeros([batch, units]), c = zeros([batch, units]) {
    i, f, g, o = split(gt + h @ U, 4, axis = -1)
    c := sigmoid(f) * c + sigmoid(i) * tanh(g)
    h := sigmoid(o) * tanh(c)
    emit h
  }
}
`;

const cases: readonly { readonly name: string; readonly layers: string; readonly body: string }[] = [
  { name: 'a gated layer, read at its end', layers: gru, body: 'h = x |> gru(5)\n  p = h[:, -1, :] |> dense(2)' },
  {
    name: 'two layers, one backwards, read everywhere',
    layers: gru + lstm,
    body: `h = x |> lstm(4) |> gru(3)
  last = scan ht in h along T backwards, total = 0 {
    total := 0.5 * total + ht
    emit total * ht
  }
  p = mean(last, axis = 1) |> dense(2)`,
  },
  {
    name: 'a loop of fixed rounds over weights',
    layers: '',
    body: `w = x[:, 0, :] |> dense(3)
  scan i in range(4), s = w { s := tanh(s |> mix) + w * 0.3 }
  p = s |> dense(2)`,
  },
  {
    name: 'a scan in a scan',
    layers: '',
    body: `
  rows = scan xt in x along T, h = zeros([batch, 3]) {
    scan k in range(3), s = h + xt { s := sin(s * 0.7) + 0.1 * h }
    h := s
    emit s * xt
  }
  p = sum(rows, axis = 1) |> dense(2)`,
  },
];

/** Models of x: [batch, 6, 3] and y: [batch, 2]. */
function textOf({ layers, body }: { readonly layers: string; readonly body: string }, units = ''): string {
  const mix = body.includes('mix')
    ? 'layer mix(s: [batch, n]) -> [batch, n] {\n  param M: [n, n] ~ glorot_uniform()\n  return s @ M\n}\n'
    : '';
  return `${layers}${mix}
model m(T = 6) {
  input x: [batch, T, 3]
  input y: [batch, 2]
  ${body}
  output q = p
  loss = mean((p - y)^2)
  train { optimizer = adam(lr = 0.01), batch = 4, seed = 3${units} }
}
`;
}

const wave = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1.7 * i + seed)));

const inputs = (rows: number, seed: number) => ({ x: wave(18 * rows, seed), y: wave(2 * rows, seed + 1) });

describe('scans', () => {
  it.each(cases)('have the gradients of the evaluator: $name', async (made) => {
    await agree({ text: textOf(made), inputs }, 5);
  });

  it.each(cases)('have them where activations are computed again: $name', async (made) => {
    await agree({ text: textOf(made, ', memory = "small"'), inputs }, 5);
  });

  it.each(cases)('have the same bits with 1, 2 and 3 threads: $name', async (made) => {
    const module = await sharing(textOf(made));
    const run = async (threads: number): Promise<number[]> => {
      const trainer = await module.createTrainer({ threads });
      const losses = [1, 2, 3, 4].map((seed) => trainer.step(inputs(5, seed)).loss);
      const { q } = trainer.predict({ x: inputs(5, 9).x });
      trainer.dispose();
      return [...losses, ...Array.from(q)];
    };
    const alone = await run(1);
    for (const threads of [2, 3]) expect(await run(threads)).toEqual(alone);
  });

  it('learn the same without any optional pass', async () => {
    const text = textOf(cases[1]);
    const losses = async (without: readonly string[]): Promise<number[]> => {
      const trainer = await (await importCode(await runnableText(text, { without }))).createTrainer();
      return [1, 2, 3, 4, 5].map((seed) => trainer.step(inputs(4, seed)).loss);
    };
    const wanted = await losses([]);
    for (const without of [['join'], ['rows', 'totals'], ['copies', 'simplify-model', 'simplify-gradients']])
      (await losses(without)).forEach((loss, i) => expect(loss).toBeCloseTo(wanted[i], 5));
  });
});

describe('copies of a layer with a loop', () => {
  const text = textOf({ layers: lstm, body: 'h = x |> repeat(5, lstm(3))\n  p = h[:, -1, :] |> dense(2)' });

  it('have the gradients of the evaluator', async () => {
    await agree({ text, inputs }, 7);
  });

  it('share kernels', () => {
    const [{ program }] = makePrograms({ file: 'm.nn', text }, { target: 'wasm' }).programs;
    const runs = runsOf(program.entries.step?.steps ?? []);
    expect(runs.filter((run) => run.given).length).toBeGreaterThan(20);
  });
});

describe('a profile', () => {
  it('has a function for each kernel, in the loops that stand around it', async () => {
    const module = await loadText(textOf(cases[0]), { profile: 'step' });
    const trainer = await module.createTrainer();
    trainer.step(inputs(4, 1));
    const { kernels } = trainer as unknown as { kernels: readonly (() => void)[] };
    const [{ program }] = makePrograms({ file: 'm.nn', text: textOf(cases[0]) }).programs;
    expect(kernels.length).toBe(runsOf(program.entries.step?.steps ?? []).length);
    for (const kernel of kernels) kernel();
  });
});
