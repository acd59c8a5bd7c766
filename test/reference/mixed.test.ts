// Mixed precision against PyTorch's numbers, whose autocast and GradScaler made the same steps: losses, and when the scale of the loss falls.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

interface Recorded {
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly steps: readonly { readonly x: readonly number[]; readonly label: readonly number[]; readonly loss: number; readonly scale: number }[];
  readonly after: Readonly<Record<string, readonly number[]>>;
  /** Of so many steps, some with gradients that are not finite: where the scale changes, and what it is then. */
  readonly scale: {
    readonly steps: number;
    readonly bad: readonly number[];
    readonly changes: readonly (readonly [number, number])[];
  };
}

const recorded = JSON.parse(readFileSync(new URL('mixed.json', import.meta.url), 'utf8')) as Recorded;

const text = `model mixed {
  input x: [batch, 8]
  input label: index(3)[batch]
  a = x |> dense(32) |> relu
  b = a |> dense(24) |> gelu
  logits = b |> dense(3)
  loss = cross_entropy(logits, label)
  train {
    optimizer = adam(lr = 1e-2)
    precision = "mixed"
    batch = 16
  }
}
`;

it('follows the losses to 1e-2', async () => {
  const { createTrainer } = await loadText(text, { target: 'wasm' });
  const parameters = Object.fromEntries(
    Object.entries(recorded.parameters).map(([name, values]) => [name, Float32Array.from(values)]),
  );
  const trainer = await createTrainer({ parameters, batch: 16 });
  const scales: (number | undefined)[] = [];
  for (const { x, label, loss } of recorded.steps) {
    const found = trainer.step({ x: Float32Array.from(x), label: Int32Array.from(label) });
    expect(Math.abs(found.loss - loss)).toBeLessThan(1e-2 * loss);
    scales.push(trainer.lossScale);
  }
  expect(scales).toEqual(recorded.steps.map(({ scale }) => scale));
  expect(trainer.stepCount).toBe(40);
  for (const [name, values] of Object.entries(recorded.after)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    values.forEach((value, i) => expect(Math.abs(trainer.parameters[name][i] - value)).toBeLessThan(2e-2 * largest));
  }
});

it('changes the scale where GradScaler does, over thousands of steps', async () => {
  const one = 'model one { input x: [batch] param w: [1] = 1 loss = mean(x * w) train { optimizer = sgd(lr = 1e-6), precision = "mixed" } }';
  const { createTrainer } = await loadText(one, { target: 'wasm' });
  const trainer = await createTrainer({ batch: 1 });
  const { steps, bad, changes } = recorded.scale;
  const found: [number, number][] = [];
  for (let step = 0, last = trainer.lossScale; step < steps; step++) {
    trainer.step({ x: Float32Array.of(bad.includes(step) ? Infinity : 1) });
    const { lossScale = NaN } = trainer;
    if (lossScale !== last) found.push([step, lossScale]);
    last = lossScale;
  }
  expect(found).toEqual(changes);
  expect(trainer.stepCount).toBe(steps - bad.length);
});
