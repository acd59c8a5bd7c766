// A text that a model of characters writes: it is shown the beginning, tells what comes next, and is shown that too.
import { arraysIn, rowLength } from '../../../src/data/dataset.js';
import { classesOf } from '../../../src/data/words.js';
import { drawUniform } from '../../../src/codegen/runtime/random.js';
import type { ModelInput } from '../../../src/ir/model.js';
import type { Run } from './run.js';

const [length, temperature] = [120, 0.7];

/** The first window of the data, and what the model goes on with. */
export async function writeText(run: Run, input: ModelInput): Promise<string> {
  const { [input.name]: words = [] } = run.rows.words;
  const [output] = run.model.evaluation.outputs;
  const [window, classes] = [rowLength(input), classesOf(input)];
  if (!output) return '';
  const shown = Int32Array.from(arraysIn(run.rows.data, 0, 1)[input.name]);
  let text = [...shown].map((number) => words[number] ?? '').join('');
  const draws = new Float32Array(length);
  drawUniform(draws, 1, run.made, 0, 1);
  for (const draw of draws) {
    const values = (await run.trainer.predict({ [input.name]: shown }))[output.name];
    // A model that tells something else of a window writes nothing.
    if (values.length !== window * classes) return '';
    const next = drawn(values.subarray(values.length - classes), draw);
    text += words[next] ?? '';
    shown.copyWithin(0, 1);
    shown[window - 1] = next;
  }
  return text;
}

/** A class by its logit, or by its probability: with a temperature below 1, likely ones more often. */
function drawn(values: ArrayLike<number>, draw: number): number {
  const all = Array.from(values);
  const areProbabilities = all.every((value) => value >= 0) && Math.abs(all.reduce((a, b) => a + b, 0) - 1) < 1e-3;
  const logits = areProbabilities ? all.map((value) => Math.log(value + 1e-9)) : all;
  const most = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp((logit - most) / temperature));
  let rest = draw * weights.reduce((a, b) => a + b, 0);
  return Math.max(
    0,
    weights.findIndex((weight) => (rest -= weight) <= 0),
  );
}
