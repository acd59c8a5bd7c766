// Models around the examples of builtins, library definitions and forms: each compiles as it stands.
import { allNames } from '../diagnostics/name.js';
import type { Place } from '../parser/forms.js';

/** What examples speak of, with types. */
const inputs: Readonly<Record<string, string>> = {
  x: '[batch, 8]',
  z: '[batch, 8]',
  prediction: '[batch, 8]',
  target: '[batch, 8]',
  logits: '[batch, 8]',
  label: 'index(8)[batch]',
  sequence: '[batch, T, 8]',
  ids: 'index(100)[batch]',
  image: '[batch, 3, 4, 4]',
};

/** Where an example is put: a form's place, or the setting that it is a value of. */
export type Spot = Place | 'initialiser' | 'optimizer value' | 'schedule' | 'data source';

/** The file that imports in examples read. */
export const imported = { path: 'blocks.nn', text: 'fn double(x) = 2 * x\n' };

/** The inputs that an example speaks of, each with its type. */
export function inputsOf(example: string): { readonly name: string; readonly type: string }[] {
  const words = new Set(allNames(example));
  return Object.entries(inputs).flatMap(([name, type]) => (words.has(name) ? [{ name, type }] : []));
}

/** A model in which an example stands; an expression is what its output `result` is. */
export function modelOf(example: string, spot: Spot): string {
  const given = inputsOf(example);
  // Run-time dimensions come from an input.
  if (!given.some(({ name }) => name !== 'image')) given.push({ name: 'x', type: inputs.x });
  const start = given.map(({ name, type }) => `input ${name}: ${type}`);
  const fit = 'param k: f32 = 1\nloss = k^2';
  switch (spot) {
    case 'file':
      return example.includes('model ') ? `${example}\n` : `${example}\n\n${model([...start, fit])}`;
    case 'body':
      return model([
        ...start,
        'param weight: f32 = 1',
        example,
        ...(example.startsWith('loss') ? [] : ['loss = weight^2']),
      ]);
    case 'layer':
      return `fn example(x) {\n${indented([example])}\n}\n\n${model([...start, 'a, b = example(x)', 'loss = mean(a + b)'])}`;
    case 'optimizer':
      return `optimizer example() {\n${indented([example])}\n}\n\n${model([...start, fit, train('example()')])}`;
    case 'expression':
      return model([...start, `output result = ${example}`, 'param weight: f32 = 1', 'loss = weight^2']);
    case 'initialiser':
      return model([...start, `param W: [8, 4] ~ ${example}`, 'loss = mean((x @ W)^2)']);
    case 'optimizer value':
      // Some are for weights of two axes alone.
      return model([...start, 'param W: [2, 3] = 1\nloss = mean(W^2)', train(example)]);
    case 'schedule':
      return model([...start, fit, train(`sgd(lr = ${example})`)]);
    case 'data source':
      return model([...start, fit, `train {\n  optimizer = sgd(lr = 0.1)\n  data = ${example}\n}`]);
    default:
      return spot satisfies never;
  }
}

function train(optimizer: string): string {
  return `train { optimizer = ${optimizer} }`;
}

function model(lines: readonly string[]): string {
  return `model example {\n${indented(lines)}\n}\n`;
}

function indented(lines: readonly string[]): string {
  return lines
    .join('\n')
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
