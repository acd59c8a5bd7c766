// Adapters against PyTorch's numbers, in double precision there: twenty steps, with what each parameter is after them.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHeader, writeTensors } from '../../src/codegen/runtime/safetensors.js';
import { loadText } from '../support/trainer.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

type Tensors = Readonly<Record<string, Tensor>>;

interface Recorded {
  readonly parameters: Tensors;
  /** Of all steps, along the first axis. */
  readonly inputs: Tensors;
  readonly losses: readonly number[];
  readonly after: Tensors;
  /** Before and after, where there are any. */
  readonly states?: Tensors;
  readonly statesAfter?: Tensors;
}

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8');
const recorded = Object.entries(JSON.parse(read('adapters.json')) as Record<string, Recorded>);
const text = read('adapters.nn');

function floatsOf(tensors: Tensors): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, Float32Array.from(data)]));
}

describe.each(recorded)('%s', (model, { parameters, states = {}, inputs, losses, after, statesAfter = {} }) => {
  it.each(['ts', 'wasm'] as const)('trains as in PyTorch on %s', async (target) => {
    const trainer = await (await loadText(text, { target, model })).createTrainer();
    const tensors = Object.entries({ ...parameters, ...states });
    trainer.load(writeTensors(tensors.map(([name, { shape, data }]) => ({ name, shape, data: Float32Array.from(data) })), {}));
    const all = Object.entries(floatsOf(inputs));
    for (const [i, loss] of losses.entries()) {
      const rows = all.map(([name, values]) => {
        const count = values.length / losses.length;
        return [name, values.slice(i * count, (i + 1) * count)] as const;
      });
      expect(Math.abs(trainer.step(Object.fromEntries(rows)).loss - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    }
    const file = trainer.save();
    const saved = readHeader(file, (why) => new Error(why)).tensors;
    const wanted = { ...after, ...statesAfter };
    expect([...saved.keys()].sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, { data }] of Object.entries(wanted)) {
      const { from = 0, to = 0 } = saved.get(name) ?? {};
      const found = new Float32Array(file.slice(from, to).buffer);
      const largest = Math.max(...data.map(Math.abs));
      const worst = Math.max(...data.map((value, i) => Math.abs(value - found[i])));
      expect(worst, name).toBeLessThanOrEqual(1e-5 * largest);
    }
    trainer.dispose();
  });
});
