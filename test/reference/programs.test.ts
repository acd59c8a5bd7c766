// Programs by which tools for derivatives are compared (ADBench and GradBench have them), with PyTorch's numbers: first and second
// derivatives as outputs, loops, recursion, rows taken by index, chains of transforms.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

interface Twin {
  readonly params: Readonly<Record<string, number[]>>;
  readonly inputs: Readonly<Record<string, number[]>>;
  readonly loss: number;
  readonly grads: Readonly<Record<string, number[]>>;
  readonly outputs: Readonly<Record<string, number[]>>;
}

const twins: Readonly<Record<string, Twin>> = JSON.parse(
  readFileSync(new URL('programs.json', import.meta.url), 'utf8'),
);

/** Of the largest element: a 32-bit second derivative through 400 rounds is the worst. */
const tolerance = 1e-4;

function differences(what: string, want: readonly number[], got: ArrayLike<number>): string[] {
  const largest = Math.max(...want.map(Math.abs), 1e-9);
  return want.flatMap((w, i) =>
    Math.abs(got[i] - w) <= tolerance * largest ? [] : [`${what}[${i}] is ${got[i]}, not ${w}`],
  );
}

describe.each(Object.entries(twins))('%s', (name, twin) => {
  it.each(['ts', 'wasm'] as const)('has the numbers of its twin on %s', async (target) => {
    const text = readFileSync(new URL(`programs/${name}.nn`, import.meta.url), 'utf8');
    const { createTrainer } = await loadText(text, { target });
    const parameters = Object.entries(twin.params).map(([key, values]) => [key, Float32Array.from(values)]);
    const trainer = await createTrainer({ parameters: Object.fromEntries(parameters) });
    const inputs = Object.fromEntries(
      Object.entries(twin.inputs).map(([key, values]) => [
        key,
        key.endsWith('_of') ? Int32Array.from(values) : Float32Array.from(values),
      ]),
    );
    const { loss, gradients } = trainer.gradients(inputs);
    const outputs: Record<string, ArrayLike<number>> = trainer.predict(inputs);
    expect([
      ...differences('loss', [twin.loss], [loss]),
      ...Object.entries(twin.grads).flatMap(([key, want]) => differences(`d_${key}`, want, gradients[key])),
      ...Object.entries(twin.outputs).flatMap(([key, want]) => differences(key, want, outputs[key])),
    ]).toEqual([]);
  });
});
