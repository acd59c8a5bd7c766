// Modules with shaders as text: strict TypeScript without typings of WebGPU, formatted, and taken by a validator.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from 'prettier';
import { Project, ts } from 'ts-morph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/index.js';
import { chosen } from '../support/full.js';
import { shadersOf, startGpu, type GpuProcess } from '../support/gpu.js';
import { plainText } from '../support/runnable.js';
import { compileText } from '../support/trainer.js';

const root = new URL('../../', import.meta.url).pathname;
const examples = readdirSync(join(root, 'examples'))
  .flatMap((folder) =>
    readdirSync(join(root, 'examples', folder))
      .filter((file) => file.endsWith('.nn'))
      .map((file) => join('examples', folder, file)),
  )
  .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);

const network = `model network {
  input x: [batch, 4]
  input kind: index(3)[batch]
  input infinity: bool[batch]
  abs = x |> dense(70) |> tanh |> dropout(0.5)
  select = abs |> dense(3)
  output tanh = softmax(select)
  output likely = argmax(select)
  loss = cross_entropy(select, kind) + mean(if infinity then select[0:, 0] ^ 2.5 else erf(select[0:, 1]))
  metric max = accuracy(select, kind)
  train { optimizer = adam(lr = 0.01) }
}
`;

/** Large enough for the largest tiles, for long folds in shares, and for vectors. */
const large = `model large {
  input x: [batch, 784]
  input kind: index(10)[batch]
  logits = x |> dense(512) |> gelu |> layer_norm |> dense(512) |> relu |> dense(10)
  loss = cross_entropy(logits, kind)
  train { optimizer = adam(lr = 0.01), batch = 4096 }
}
`;

let gpu: GpuProcess;
beforeAll(async () => {
  gpu = await startGpu('null', { subgroups: true });
});
afterAll(() => gpu?.end());

describe('shaders', () => {
  const few = chosen(
    examples,
    ([file]) => !/moby-dick|autoencoder|gan|vae|contrastive|distillation|lora|siamese|spirals/.test(file),
  );
  it.each([...few, ['names that WGSL has a use for', network] as const, ['a large network', large] as const])(
    'of %s are valid',
    async (file, text) => {
      const code = await plainText(text, { target: 'wgsl' }, file);
      for (const text of shadersOf(code)) {
        expect(text).toContain('@compute');
        expect(await gpu.validate(text)).toEqual([]);
      }
    },
  );

  it('are refused where something is wrong', async () => {
    const [found] = await gpu.validate('@compute @workgroup_size(1) fn wrong() {\n  let x = y;\n}');
    expect(found).toContain("error 2:11: unresolved value 'y'");
  });
});

describe('a module', () => {
  let code = '';
  beforeAll(async () => {
    code = await compileText(network, { target: 'wgsl', language: 'ts' });
  });

  it('passes the type checker in strict mode, with a program that uses it', () => {
    const project = new Project({
      useInMemoryFileSystem: true,
      compilerOptions: {
        strict: true,
        skipLibCheck: true,
        noUnusedLocals: true,
        noUnusedParameters: true,
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
        moduleResolution: ts.ModuleResolutionKind.Bundler,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      },
    });
    project.createSourceFile('network.ts', code);
    project.createSourceFile(
      'use.ts',
      `import { createTrainer, type Trainer, type Losses } from './network';
      declare const device: GPUDevice;
      const trainer: Trainer = await createTrainer({ seed: 1, device });
      const inputs = { x: new Float32Array(4), kind: new Uint8Array(1), infinity: new Uint8Array(1) };
      const losses: Losses = await trainer.step(inputs);
      export const numbers: number[] = [losses.loss, losses.max];
      export const { tanh }: { tanh: Float32Array } = await trainer.predict({ x: inputs.x });
      export const weights: Float32Array = (await trainer.read())['select.dense.W'];
      // @ts-expect-error parameters are read back
      trainer.parameters;`,
    );
    const found = project
      .getPreEmitDiagnostics()
      .map((d) => `${d.getSourceFile()?.getBaseName()} ${d.getLineNumber()}: ${JSON.stringify(d.getMessageText())}`);
    expect(found).toEqual([]);
  });

  it('is formatted, imports nothing, and is the same at every run', async () => {
    expect(await check(code, { parser: 'typescript' })).toBe(true);
    expect(code).not.toMatch(/^import |require\(/m);
    expect((await compile({ file: 'model.nn', text: network }, { target: 'wgsl' })).code).toBe(code);
  });

  it('says what is missing without WebGPU', async () => {
    const js = await compileText(network, { target: 'wgsl' });
    await expect(gpu.createWithout(js)).rejects.toThrow(
      'network needs WebGPU, which is missing here (there is no navigator.gpu): give createTrainer a device, or compile the model with --target wasm',
    );
  });
});
