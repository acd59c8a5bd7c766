// Names are labels: whatever a model's parts are called, its kernels compute the same, and gradients are equal bit for bit.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check, differentiateModel, targets } from '../../src/index.js';
import { programFrom } from '../../src/compile.js';
import { arithmeticOf } from '../support/arithmetic.js';
import { loadText } from '../support/trainer.js';

/** Every part of the model that bears a name. */
const slots = (
  'model layer units given width inner own kept hidden size steps features other series target weight ' +
  'b0 b1 b2 b3 b4 b5 b6 result cost level'
).split(' ');

/** Names that the compiler itself makes in such words, or that sort differently. */
const hostile = (
  'd_x x_next delta_h h_2 d_h h_next d_d_x delta_a input_next a_input d_logits update_x d_W W_next h_again ' +
  'gradient_norm clip_scale loss_next dense_2 k0 m v g t Z9 _a zz x0 x_0 d_delta d_ delta_ _next batch_2 thread own'
).split(' ');

const last = 6;

/** What makes the next binding of those before it: `$` is the one before, `#` the first. */
const steps = [
  'tanh($)',
  'relu($)',
  '$ * 0.5 + #',
  '$ / 3 * 2',
  '-(-$)',
  '$ - $ * 0.25',
  '($ + #) / 2',
  '$ * #',
  '-$ - #',
  '1 / (1 + $^2)',
  '$ |> dense({hidden})',
  '$ |> {layer}({hidden}) |> tanh',
  '$ |> layer_norm',
  '$ + sum({series}, axis = {steps}, keep = true)',
];

function template(chosen: readonly string[], clip: boolean): string {
  const bindings = chosen.map(
    (step, i) => `  {b${i + 1}} = ${step.replaceAll('$', `{b${i}}`).replaceAll('#', '{b0}')}`,
  );
  return `layer {layer}({units})({given}: [{width}, {features}]) {
  param {own}: [{features}, {units}] ~ glorot_uniform()
  state {kept}: [{units}] = 0
  {inner} = {given} @ {own}
  {kept} := 0.9 * {kept} + 0.1 * mean({inner}, axis = 0)
  return {inner} - {kept}
}

model {model}({hidden} = 5) {
  input {other}: [{size}, 4]
  input {series}: [{size}, {steps}]
  input {target}: [{size}, 3]
  param {weight}: [4, {hidden}] ~ glorot_uniform()
  {b0} = {other} @ {weight} + mean({series}, axis = {steps}, keep = true)
${bindings.join('\n')}
  {result} = {b${chosen.length}} |> dense(3)
  output {result}
  loss {cost} = mse({result}, {target})
  metric {level} = mean(abs({result}))
  train { optimizer = adam(lr = 0.01)${clip ? ', clip_norm = 1' : ''} }
}
`;
}

const filled = (text: string, names: ReadonlyMap<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (_, slot: string) => names.get(slot) ?? slot);

const drawn = fc.record({
  text: fc
    .tuple(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: last }), fc.boolean())
    .map(([chosen, clip]) => template(chosen, clip)),
  names: fc
    .shuffledSubarray(hostile, { minLength: slots.length, maxLength: slots.length })
    .map((names) => new Map(slots.map((slot, i) => [slot, names[i]]))),
});

/** The plain names, and the others. */
function both({ text, names }: { readonly text: string; readonly names: ReadonlyMap<string, string> }) {
  return [filled(text, new Map()), filled(text, names)] as const;
}

/** Kernels of copies that differ in a number are one kernel, which is a matter of text: here each copy has its own. */
function arithmetic(text: string, target: keyof typeof targets): string {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(`${text}\n${diagnostics.map((d) => d.message).join('\n')}`);
  return arithmeticOf(programFrom(differentiateModel(model), { ...targets[target], parameters: undefined }));
}

describe('a model with other names', () => {
  it.each(['ts', 'wasm', 'wgsl'] as const)('has the same arithmetic on %s', { timeout: 120_000 }, (target) => {
    const { numRuns } = process.env.FULL === '1' ? { numRuns: 300 } : { numRuns: target === 'ts' ? 12 : 6 };
    fc.assert(
      fc.property(drawn, (model) => {
        const [plain, renamed] = both(model);
        const [before, after] = [arithmetic(plain, target), arithmetic(renamed, target)];
        if (before === after) return;
        const [left, right] = [before.split('\n'), after.split('\n')];
        const at = left.findIndex((line, i) => line !== right[i]);
        expect(left.slice(at - 3, at + 5).join('\n'), renamed).toBe(right.slice(at - 3, at + 5).join('\n'));
      }),
      { numRuns, seed: 11 },
    );
  });

  it('has the same gradients, bit for bit', { timeout: 120_000 }, async () => {
    const gradientsOf = async (text: string): Promise<number[][]> => {
      const { createTrainer, model } = await loadText(text);
      const { inputs } = check({ file: 'model.nn', text }).model ?? { inputs: [] };
      const trainer = createTrainer({ seed: 1 });
      for (const { name } of model.parameters)
        trainer.parameters[name].forEach((_, i, all) => (all[i] = Math.sin(3 * i + all.length)));
      const lengths = [20, 10, 15];
      const given = inputs.map(({ name }, n) => [
        name,
        Float32Array.from({ length: lengths[n] }, (_, i) => Math.cos(5 * i + n)),
      ]);
      const { loss, gradients } = trainer.gradients(Object.fromEntries(given));
      return [[loss], ...model.parameters.map(({ name }) => [...gradients[name]])];
    };
    await fc.assert(
      fc.asyncProperty(drawn, async (model) => {
        const [plain, renamed] = both(model);
        expect(await gradientsOf(renamed)).toEqual(await gradientsOf(plain));
      }),
      { numRuns: process.env.FULL === '1' ? 50 : 3, seed: 6 },
    );
  });
});

it('arithmetic that differs is told apart', () => {
  const text = filled(template(['$ |> {layer}({hidden}) |> tanh'], false), new Map());
  const before = arithmetic(text, 'ts');
  const changes: readonly [string, string][] = [
    ['|> tanh', '|> relu'],
    ['0.9', '0.8'],
    ['dense(3)', 'dense(3, bias = false)'],
    ['inner - kept', 'kept - inner'],
  ];
  for (const [from, to] of changes) expect(arithmetic(text.replace(from, to), 'ts') === before, to).toBe(false);
});
