// A cotangent is called in kernels as `nnc grad` calls it: in every example, by its node and by its name.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check, follow } from '../../src/compile.js';
import type { Derivation, Step } from '../../src/inspect/derivation/data.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import type { Node } from '../../src/ir/graph.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { titleText } from '../../src/ir/labels.js';

const root = join(import.meta.dirname, '../../examples');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  // A model that only predicts has no gradient.
  (name) => name.endsWith('.nn') && /^\s*loss\b/m.test(readFileSync(join(root, name), 'utf8')),
);

function modelOf(file: string): ModelGraph {
  const path = join(root, file);
  const read = (name: string): string => readFileSync(join(dirname(path), name), 'utf8');
  const { model, diagnostics } = check({ file: basename(file), text: readFileSync(path, 'utf8') }, { read });
  if (!model) throw new Error(diagnostics[0].message);
  return model;
}

/** Every line, those in loops too. */
function stepsOf({ forward, backward, parameters }: Derivation): Step[] {
  const open = (steps: readonly Step[]): Step[] =>
    steps.flatMap((step) => [step, ...(step.loop ? open(step.loop.body) : [])]);
  return open([...forward, ...backward, ...parameters]);
}

/** One kernel serves the copies of a layer, and what is alike in it, as `norm1` and `norm2` are: without their numbers. */
function withoutNumbers(name: string): string {
  return name.replace(/[._]?\d+/g, '');
}

/** `d_h` and `delta_h` in a line of a kernel's comment; rows and slices are of what stands before them. */
function cotangentsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w.])(?:d|delta)_[\p{L}\p{N}_.]*[\p{L}\p{N}_]/gu)].map(([name]) => name);
}

describe.each(files)('%s', (file) => {
  const model = modelOf(file);
  const steps = stepsOf(derivationOf(model));
  const { program } = follow(model, 'ts');

  it('is called the same in kernels as in the derivation', () => {
    const titles = new Map<Node, string>(
      steps.flatMap(({ node, title }) => (node?.role.kind === 'cotangent' ? [[node, titleText(title)]] : [])),
    );
    const stored = new Map(
      program.kernels.flatMap(({ provenance }) => provenance.results.map(({ node, to }) => [node, to] as const)),
    );
    for (const [node, title] of titles) {
      const to = stored.get(node);
      if (to?.space === 'arena' && /^(d|delta)_/.test(title))
        expect(withoutNumbers(to.name.replace(/\[.*/, ''))).toBe(withoutNumbers(title));
    }
  });

  it('is stated where the derivation has no line for it', () => {
    const known = new Set(steps.map(({ title }) => withoutNumbers(titleText(title))));
    const lines = program.kernels.flatMap(({ provenance }) => provenance.formulas);
    const stated = new Set(lines.map((line) => line.slice(0, line.indexOf(' = ')).replace(/\[.*/, '')));
    const unknown = lines.flatMap((line) =>
      cotangentsIn(line).filter((name) => !known.has(withoutNumbers(name)) && !stated.has(name)),
    );
    expect(unknown).toEqual([]);
  });
});

it('leaves a name that its author gave to its value', () => {
  const text = `model own {
  input x: [batch, 3]
  input y: [batch, 3]
  param W: [3, 40] = 1
  param V: [40, 3] = 1
  h = tanh(x @ W)
  output d_h = h * 2
  loss = mean((exp(d_h) @ V - y)^2)
  train { optimizer = sgd(lr = 0.1) }
}`;
  const { model } = check({ file: 'own.nn', text });
  if (!model) throw new Error('the model does not compile');
  const lines = follow(model, 'ts').program.kernels.flatMap(({ provenance }) => provenance.formulas);
  const own = lines.filter((line) => line.startsWith('d_h ='));
  expect(own.length).toBeGreaterThan(0);
  for (const line of own) expect(line).toMatch(/= (2 \* tanh\(x @ W\)|2 \* h)$/);
});
