// What the stages look like, exactly. UPDATE=1 writes the files again: read every difference before keeping it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { printStage, stages } from '../../src/cli/stages.js';
import { check, compile } from '../../src/compile.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';

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
function gradientOf(name: string, change = (text: string) => text): string {
  const { file, text } = read(name);
  const { model, diagnostics } = check({ file, text: change(text) });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return printText(derivationOf(model));
}

describe('gradients', () => {
  const models = readdirSync(join(root, 'gradient'))
    .filter((name) => name.endsWith('.nn'))
    .map((name) => name.slice(0, -'.nn'.length));

  it.each(models)('%s', (name) => {
    const text = gradientOf(`gradient/${name}.nn`);
    golden(`gradient/${name}.txt`, text);
    expect(text.split('\n').filter((line) => [...line].length > 100)).toEqual([]);
  });

  it('of more copies of a layer are no longer', () => {
    const linesOf = (copies: number): number =>
      gradientOf('gradient/repeat.nn', (text) => text.replace('12', String(copies))).split('\n').length;
    expect(linesOf(12)).toBe(linesOf(3));
  });

  it.each([
    ['softmax-cross-entropy', '∂loss/∂logits = (softmax(logits) - one_hot(label)) / batch '],
    ['sigmoid-binary-cross-entropy', '∂loss/∂z = (σ(z) - y) / batch '],
    ['mean-squared-error', '∂loss/∂p = 2 · (p - t) / (3 · batch) '],
    ['embedding', '∂loss/∂v.embedding.W[r] = Σ_{b : word[b] = r} ∂loss/∂v[b] '],
    ['textbook', 'δ_a2 = ∂loss/∂a2 ⊙ a2 ⊙ (1 - a2) '],
    ['textbook', 'δ_a3 = (a3 - y) ⊙ a3 ⊙ (1 - a3) / batch '],
  ])('%s has the form of the textbooks', (name, line) => {
    expect(gradientOf(`gradient/${name}.nn`).replace(/\n? +/g, ' ')).toContain(`\n${line}`);
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
