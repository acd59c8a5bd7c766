// The verifier of programs finds what is wrong with one that was right.
import { expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import { zero } from '../../src/ir/index.js';
import { verifyProgram } from '../../src/ir/verifyProgram.js';

const text = `
model m {
  input x: [batch, 64]
  input y: [batch, 64]
  h = x |> dense(64) |> tanh |> dense(64)
  output h
  loss = mean((h - y)^2)
  train { optimizer = sgd(lr = 0.1) }
}
`;
const { model } = check({ file: 'm.nn', text });
if (!model) throw new Error('the model is right');
const program = programOf(model, 'wasm');

it('finds nothing where all is well', () => {
  expect(verifyProgram(program)).toEqual([]);
});

it('finds buffers in one place at one time', () => {
  const offsets = new Map([...program.memory.offsets.keys()].map((buffer) => [buffer, zero]));
  expect(verifyProgram({ ...program, memory: { ...program.memory, offsets } }).join()).toContain('live at once');
});

it('finds what is read before it is written', () => {
  const { predict } = program.entries;
  if (!predict) throw new Error('there is predict');
  const entries = { ...program.entries, predict: { ...predict, steps: predict.steps.slice(1) } };
  expect(verifyProgram({ ...program, entries }).join()).toContain('nothing before it writes');
});
