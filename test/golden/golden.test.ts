// What the stages look like, exactly. UPDATE=1 writes the files again: read every difference before keeping it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printStage, stages } from '../../src/cli/stages.js';
import { check, compile, differentiateModel } from '../../src/compile.js';
import { gradientDocument, printGradient } from '../../src/inspect/gradient.js';
import type { NotationStyle } from '../../src/ir/graph.js';

const root = import.meta.dirname;

function golden(name: string, text: string): void {
  const path = join(root, name);
  if (process.env.UPDATE === '1') writeFileSync(path, text);
  expect(existsSync(path) ? readFileSync(path, 'utf8') : 'there is no such file: run with UPDATE=1').toBe(text);
}

function read(name: string): { file: string; text: string } {
  return { file: name.slice(name.lastIndexOf('/') + 1), text: readFileSync(join(root, name), 'utf8') };
}

/** As `nnc grad` prints it. */
function gradientOf(name: string, style: NotationStyle): string {
  const { model, diagnostics } = check(read(name));
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  const derived = differentiateModel(model);
  return `${printGradient(gradientDocument(derived.model, derived.gradients, { style }))}\n`;
}

describe('gradients', () => {
  const models = readdirSync(join(root, 'gradient'))
    .filter((name) => name.endsWith('.nn'))
    .map((name) => name.slice(0, -'.nn'.length));

  it.each(models)('%s', (name) => {
    golden(`gradient/${name}.txt`, gradientOf(`gradient/${name}.nn`, 'nn'));
    golden(`gradient/${name}.math.txt`, gradientOf(`gradient/${name}.nn`, 'math'));
  });

  it.each([
    ['softmax-cross-entropy', 'd_logits = (softmax(logits) - one_hot(label)) / batch '],
    ['sigmoid-binary-cross-entropy', 'd_z = (sigmoid(z) - y) / batch '],
    ['mean-squared-error', 'd_p = 2 * (p - t) / (3 * batch) '],
    ['convolution', 'd_z.conv2d.W = einsum("bcyxij,boyx->ocij", window_a, d_z) '],
    [
      'convolution',
      'd_a        = einsum("boyxij,ocij->bcyx", window(pad(d_z, [[0, 0], [0, 0], [2, 2], [2, 2]]), 3, axis = [2, 3]), z.conv2d.W[:, :, ::-1, ::-1]) ',
    ],
    ['textbook', 'delta_a2 = d_a2 * a2 * (1 - a2) '],
    ['textbook', 'delta_a3 = (a3 - y) * a3 * (1 - a3) / batch '],
  ])('%s has the form of the textbooks', (name, line) => {
    expect(gradientOf(`gradient/${name}.nn`, 'nn')).toContain(`\n${line}`);
  });
});

describe('stages', () => {
  const source = read('stages/convolution.nn');

  // The story of one model: what every target has in common, then what becomes of it on each.
  it.each(['tree', 'graph', 'gradient'] as const)('%s', async (stage) => {
    const { text = '' } = await printStage(stage, source, { verify: true });
    golden(`stages/${stage}.txt`, text);
  });

  describe.each(['ts', 'wasm', 'wgsl'] as const)('%s', (target) => {
    const own = stages.slice(stages.indexOf('nests')).filter((stage) => stage !== 'wat' || target === 'wasm');

    it.each(own)('%s', async (stage) => {
      const { text = '' } = await printStage(stage, source, { target, threads: false, verify: true });
      golden(`stages/${target}/${stage}.txt`, text);
    });

    it('module', async () => {
      const { code = '' } = await compile(source, { target, threads: false });
      golden(`stages/${target}/module.txt`, code);
    });
  });
});
