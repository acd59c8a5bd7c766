// The verifier of programs finds what is wrong with one that was right.
import { describe, expect, it } from 'vitest';
import { check, programOf } from '../../src/compile.js';
import { createBuilder } from '../../src/ir/builder.js';
import { constant, size, zero } from '../../src/ir/index.js';
import { input } from '../../src/ir/ops/leaves.js';
import { sum } from '../../src/ir/ops/reductions.js';
import { window } from '../../src/ir/ops/windows.js';
import { dim, tensor } from '../../src/ir/types.js';
import { differentiate } from '../../src/passes/derive/differentiate.js';
import type { Program, Step } from '../../src/ir/program.js';
import { verifyProgram } from '../../src/ir/verifyProgram.js';
import { targets } from '../../src/targets.js';
import { loopCases, modelOfLoops } from '../support/loops.js';
import { modelOfOutputs } from '../support/outputsModel.js';

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

it('does not take buffers without elements for such that overlap', () => {
  const g = createBuilder();
  const rows = g.make(input, [], { name: 'x', type: tensor([dim(size('batch'), 'batch'), dim(constant(3))]) });
  const pairs = g.make(window, [rows], { axes: [0], sizes: [2], strides: [1], dilations: [1] });
  const loss = g.make(sum, [pairs], { axes: [0, 1, 2] });
  const [slope] = differentiate(loss, [rows], g);
  if (!slope) throw new Error('there is a gradient');
  // Of one row there are no pairs.
  const made = modelOfOutputs(g, [rows], { y0: slope, y1: loss, y2: pairs }).program(targets.ts, []);
  expect(verifyProgram(made)).toEqual([]);
});

describe('loops', () => {
  const made = loopCases.map((each) => ({ name: each.name, loops: modelOfLoops(each).program(targets.wasm) }));

  it.each(made)('with what rounds hand on in place: $name', ({ loops }) => {
    expect(verifyProgram(loops)).toEqual([]);
  });

  it('finds what a round needs of the one before, where another of its buffers lies there', () => {
    const [, , , , gates] = made;
    const [carried, temporary] = ['c0', 'c0_next'].map((name) => gates.loops.buffers.find((b) => b.name === name));
    if (!carried || !temporary) throw new Error('a value is made beside its place');
    const offsets = new Map(gates.loops.memory.offsets);
    offsets.set(temporary, offsets.get(carried) ?? zero);
    const moved = { ...gates.loops, memory: { ...gates.loops.memory, offsets } };
    expect(verifyProgram(moved).join()).toContain('c0_next live at once');
  });

  it('finds what the first round reads and nothing has written', () => {
    const [sums] = made;
    const { predict } = sums.loops.entries;
    if (!predict) throw new Error('there is predict');
    const withoutStart: readonly Step[] = predict.steps.slice(1);
    const broken: Program = { ...sums.loops, entries: { predict: { ...predict, steps: withoutStart } } };
    expect(verifyProgram(broken).join()).toContain('nothing before it writes');
  });
});
