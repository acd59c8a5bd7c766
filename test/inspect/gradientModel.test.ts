// `nnc grad --format nn`: for every example and reference case, a model that compiles and whose outputs are the model's gradients.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/index.js';
import { compiledElements } from '../../src/inspect/check/compiled.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printModel } from '../../src/inspect/print/nn.js';
import { evaluate } from '../../src/ir/evaluate.js';
import { isOp, type Node } from '../../src/ir/graph.js';
import { evaluateSizes } from '../../src/ir/index.js';
import { asName, leafName } from '../../src/ir/labels.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { counter } from '../../src/ir/ops/leaves.js';
import { random } from '../../src/ir/ops/random.js';
import { reachable } from '../../src/ir/reachable.js';
import { elementCount } from '../../src/ir/types.js';
import { chosen } from '../support/full.js';
import { createDraws } from '../support/sampleTypes.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function nnFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nn'))
    .map((name) => join(folder, name));
}

// What only predicts has no gradient.
const files = [...nnFiles('examples'), ...nnFiles('test/reference/cases'), ...nnFiles('test/golden/gradient')].filter(
  (path) => /^ *loss\b/m.test(readFileSync(join(root, path), 'utf8')),
);

function checked(text: string, file: string, set: Readonly<Record<string, number>> = {}): ModelGraph {
  const { model, diagnostics } = check({ file, text }, { set });
  const faults = diagnostics.map((d) => d.message);
  if (!model || (file === 'gradient.nn' && faults.length > 0)) throw new Error(`${faults.join('\n')}\n${text}`);
  return model;
}

/** Values for leaves by name, the same for both models: between -1 and 1, indices of the whole range. */
function valuesOf(sizeOf: (name: string) => number): (node: Node) => number[] {
  const known = new Map<string, number[]>();
  return (node) => {
    if (isOp(node, counter)) return [1];
    const name = asName(leafName(node) ?? '');
    const has = known.get(name);
    if (has) return has;
    const draw = createDraws([...name].reduce((sum, c) => sum * 31 + (c.codePointAt(0) ?? 0), 7) % 2 ** 31);
    const { element } = node.type;
    const count = evaluateSizes(elementCount(node.type), sizeOf);
    const one = (): number => {
      if (element.kind === 'index') return Math.floor(draw() * evaluateSizes(element.size, sizeOf));
      return element.kind === 'bool' ? Math.round(draw()) : draw();
    };
    const made = Array.from({ length: count }, one);
    known.set(name, made);
    return made;
  };
}

/** Generated code gives the evaluator's bits, and these models are large. */
const elements = compiledElements(new Int32Array(1));

/** Small sizes, where the example is large. */
const smaller: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'moby-dick.nn': { d: 8, T: 6, depth: 2 },
  'gru.nn': { T: 6, d: 8, units: 16 },
  'spirals.nn': { hidden: 6 },
  'autoencoder.nn': { hidden: 32 },
  'vae.nn': { hidden: 8, latent: 2 },
};

/** Where the outputs of the gradient as a model are not the model's gradients: run-time sizes that are not given are 3. */
function expectGradients(model: ModelGraph, given: Readonly<Record<string, number>> = {}): void {
  const derived = differentiateModel(model);
  const written = printModel(model, derivationOf(model));
  const gradients = [...derived.gradients];
  const own = checked(written, 'gradient.nn');
  const sizes: Record<string, number> = { ...given };
  const sizeOf = (name: string): number => (sizes[name] ??= 3);
  const leaf = valuesOf(sizeOf);
  const proxied = new Proxy(sizes, { get: (_, name) => sizeOf(String(name)) });
  const draws = reachable(gradients.map(([, node]) => node)).filter((node) => node.op === random);
  const drawn = evaluate(draws, { leaf: () => [1], sizes: proxied });
  const expected = evaluate(
    gradients.map(([, node]) => node),
    { leaf, sizes: proxied, elements },
  );
  const outputs = own.evaluation.outputs;
  expect(outputs.map(({ name }) => name)).toHaveLength(gradients.length);
  const leafOrDraw = (node: Node): ArrayLike<number> => {
    const draw = /^draw_(\d+)$/.exec(leafName(node) ?? '');
    return draw ? drawn[Number(draw[1]) - 1] : leaf(node);
  };
  const found = evaluate(
    outputs.map(({ node }) => node),
    { leaf: leafOrDraw, sizes: proxied, elements },
  );
  const faults = gradients.flatMap(([name], i) => {
    const most = (of: (k: number) => number): number =>
      expected[i].reduce((before, _, k) => Math.max(before, Math.abs(of(k))), 0);
    const [largest, worst] = [most((k) => expected[i][k]), most((k) => expected[i][k] - found[i][k])];
    return worst <= 1e-5 * Math.max(largest, 1e-30) ? [] : [`${name}: ${worst} of ${largest}`];
  });
  expect(faults, written).toEqual([]);
}

const vectors = 'input x: [batch, 3]';
const batched = `${vectors}\n  input m: [batch, 3, 4]`;

/** Models whose gradients have to say where something repeats, or which axes meet. */
const small: Readonly<Record<string, string>> = {
  'a batched matrix times a batched vector': `${batched}
  param w: [3] = 1
  loss = mean(einsum("bij,bi->bj", m, x * w)^2)`,
  'a batched vector times a batched matrix': `${batched}
  param w: [3] = 1
  loss = mean(einsum("bi,bij->bj", x * w, m)^2)`,
  'batched dot products': `${vectors}
  param w: [3] = 1
  loss = mean(einsum("bi,bi->b", x * w, x)^2)`,
  'an einsum of three': `${vectors}
  param W: [3, 4] = 1
  h = x @ W
  loss = mean(einsum("bi,bj,bk->ijk", h, x, h)^2)`,
  'an einsum of three, batched': `${batched}
  param W: [3, 4] = 1
  h = x @ W
  loss = mean(einsum("bi,bij,bj->b", x, m, h)^2)`,
  'a running product, whose cotangent is one number everywhere': `${vectors}
  param w: [3] = 1
  loss = mean(cumprod(x * w, axis = 1))`,
  'a running product along the batch': `${vectors}
  param w: [3] = 1
  loss = sum(cumprod(x * w, axis = 0) * w)`,
  'a linear recurrence of what repeats': `${vectors}
  param w: [3] = 1
  param c: f32 = 0.5
  loss = mean(cumlinear(broadcast(w, [batch, 3]), full([batch, 3], c), axis = 0) * x)`,
  'a product with a square matrix whose columns are one vector': `input x: [3, 3]
  param w: [3] = 1
  param W: [3, 3] = 1
  loss = mean((x @ broadcast(w[:, none], [3, 3])) * W)`,
  'a product with a square matrix whose rows are one vector': `input x: [3, 3]
  param w: [3] = 1
  param W: [3, 3] = 1
  loss = mean((broadcast(w, [3, 3]) @ x) * W)`,
};

describe('the gradient as a model', () => {
  // Of the examples every second: the recorded models and those of the golden texts have every op and layer.
  const every = chosen(files, (path) => !path.startsWith('examples') || files.indexOf(path) % 2 === 0);
  it.each(every)('%s', (path) => {
    const file = path.slice(path.lastIndexOf('/') + 1);
    const wanted = smaller[file] ?? {};
    const text = readFileSync(join(root, path), 'utf8');
    const set = Object.fromEntries(Object.entries(wanted).filter(([name]) => new RegExp(`\\b${name} *=`).test(text)));
    expectGradients(checked(text, file, set));
  });

  it.each(Object.entries(small))('%s', (_, body) => {
    expectGradients(checked(`model m {\n  ${body}\n}\n`, 'm.nn'));
  });

  it.each([
    'conv2d(2, kernel = 3, stride = 2)',
    'conv2d(2, kernel = 2, stride = [3, 2], padding = 1)',
    'conv2d(2, kernel = 3, stride = 2, padding = "same")',
    'conv_transpose2d(2, kernel = 3, stride = 2)',
    'conv2d(2, kernel = 3) |> max_pool2d(2)',
    'avg_pool2d(3, stride = 2)',
  ])('of %s over heights and widths of each call', (layers) => {
    const text = `model picture {
  input image: [batch, 1, H, W]
  y = image |> conv2d(1, kernel = 1) |> ${layers}
  loss = mean(y^2)
}`;
    expectGradients(checked(text, 'picture.nn'), { H: 9, W: 12 });
  });

  it('of a decoder whose lengths are run-time sizes compiles without a warning', () => {
    const model = checked(
      `model decoder(d = 4, V = 5) {
  input source: [batch, S, d]
  input words: index(V)[batch, T]
  input next: index(V)[batch, T]
  cross = attention(heads = 2)
  h = words |> embedding(d) |> transformer_block(2, causal = true, rotary = true)
  g = cross(h, source |> transformer_block(2))
  logits = g |> dense(V)
  loss = cross_entropy(logits, next)
}`,
      'decoder.nn',
    );
    expect(checked(printModel(model, derivationOf(model)), 'gradient.nn').name).toBe('decoder_gradient');
  });
});
