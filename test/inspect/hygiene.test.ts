// What nothing guards is told with its line, and what something guards is not.
import { expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/index.js';
import { hazardsOf } from '../../src/inspect/check/hygiene.js';

function hazards(body: string): readonly string[] {
  const text = `model m {\n  input x: [batch, 3]\n  param w: [3] ~ normal()\n  ${body}\n}\n`;
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return hazardsOf(differentiateModel(model).model).map(({ line, what, reason }) => `${line} ${what}: ${reason}`);
}

it.each([
  ['loss = mean(log(x))', '4 log: log of what may be 0 or negative'],
  ['loss = mean(log(x^2))', '4 log: log of what may be 0'],
  ['loss = mean(log1p(x))', '4 log: log1p of what may be -1 or less'],
  ['loss = mean(sqrt(x * w))', '4 sqrt: sqrt of what may be negative'],
  ['loss = sqrt(sum(x^2) + sum(w^2))', '4 sqrt: sqrt of what may be 0, where its slope is infinite'],
  ['loss = mean(x / w)', '4 division: division by what may be 0'],
  ['loss = mean(x / sum(abs(w)))', '4 division: division by what may be 0'],
  ['loss = mean(exp(x * w))', '4 exp: exp of what may be more than 88.7, where it is infinite'],
  ['loss = mean((x * w)^1.5)', '4 power: a power of 1.5 of what may be negative'],
  ['loss = mean(w * abs(x)^-2)', '4 power: a power of -2 of what may be 0'],
  ['loss = sum(scan t in range(3), s = w { s := s / x[0] emit s })', '4 division: division by what may be 0'],
])('tells of %s', (body, hazard) => expect(hazards(body)).toContain(hazard));

it.each([
  'loss = mean(log(sigmoid(x) + 1e-6))',
  'loss = mean(log(max(x, 1e-6)))',
  'loss = mean(log(clamp(x, 0.1, 1)))',
  'loss = sqrt(sum(x^2) + 1e-12)',
  'loss = mean(x / (1 + w^2))',
  'loss = mean(x / exp(-tanh(w)))',
  'loss = mean(exp(min(x, 20)))',
  'loss = mean(if x > 0 then log(x) else x)',
  'loss = mean(softmax(x) * w) + mean(log_softmax(x))',
  'loss = mean(x / [1, 2, 3])',
  'loss = mean(x |> layer_norm) + mean(x |> batch_norm)',
  'loss = cross_entropy(x |> dense(3), argmax(x, axis = 1)) + mean(w)',
])('is content with %s', (body) => expect(hazards(body)).toEqual([]));
