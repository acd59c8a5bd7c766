// Modules as text: strict TypeScript, formatted, the same at every run, with nothing in them that is not used.
import { gzipSync } from 'node:zlib';
import { transformSync } from 'esbuild';
import { check } from 'prettier';
import { Project, ts } from 'ts-morph';
import { beforeAll, describe, expect, it } from 'vitest';
import { emitModule, toJavaScript } from '../../src/codegen/emit.js';
import { linear } from '../support/programs.js';

describe('a module', () => {
  let code = '';
  beforeAll(async () => {
    ({ code } = await emitModule(linear(), { target: 'ts' }));
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
    project.createSourceFile('linear.ts', code);
    project.createSourceFile(
      'use.ts',
      `import { createTrainer, model, type Trainer, type Losses, type ParameterName } from './linear';
      const trainer: Trainer = createTrainer({ seed: 1, parameters: { 'line.W': new Float32Array(3) } });
      const x = new Float32Array(6);
      const losses: Losses = trainer.step({ x: { data: x, shape: [2, 3] }, group: new Uint8Array(2), y: new Float32Array(2) });
      export const loss: number = losses.loss + trainer.predict({ x, group: new Int32Array(2) }).prediction[0];
      export const gradient: Float32Array = trainer.gradients({ x, group: new Int8Array(2), y: x }).gradients['line.W'];
      // @ts-expect-error frozen parameters have no gradient
      trainer.gradients({ x, group: new Int8Array(2), y: x }).gradients['line.offset'];
      trainer.load(new ArrayBuffer(8));
      createTrainer({ parameters: new ArrayBuffer(8), batch: 2 });
      // @ts-expect-error an option that there is not
      createTrainer({ sed: 1 });
      // @ts-expect-error an input is missing
      trainer.step({ x });
      export const names: readonly ParameterName[] = model.parameters.map((p) => p.name);
      for await (const { epoch, heldOut = [], losses: { loss } } of trainer.fit({ x, group: new Int32Array(2), y: x }))
        epoch + loss + heldOut.length;`,
    );
    const found = project
      .getPreEmitDiagnostics()
      .map((d) => `${d.getLineNumber()}: ${JSON.stringify(d.getMessageText())}`);
    expect(found).toEqual([]);
  });

  it('is formatted, in each of its languages', async () => {
    const { js, dts } = await toJavaScript(code);
    expect(await check(code, { parser: 'typescript' })).toBe(true);
    expect(await check(js, { parser: 'babel' })).toBe(true);
    expect(await check(dts, { parser: 'typescript' })).toBe(true);
    expect(js).toContain('}\n\n/** One optimizer step. */');
    expect(dts).toContain('export declare function createTrainer(options?: TrainerOptions): Trainer;');
  });

  it('is the same at every run', async () => {
    expect((await emitModule(linear(), { target: 'ts' })).code).toBe(code);
  });

  it('reads from the top: source, types, model, kernels, steps, trainer, runtime', () => {
    const places = [
      '// Compiled by nnc',
      'model linear {',
      'export interface Inputs',
      'export interface Trainer ',
      'export const model',
      'function prediction(',
      'function update_line_W(',
      'function runStep(',
      'export function createTrainer',
      'function floats(',
    ].map((text) => code.indexOf(text));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it('is small', async () => {
    const { js } = await toJavaScript(code);
    const { code: minified } = transformSync(js, { minify: true, format: 'esm' });
    expect(gzipSync(minified).length).toBeLessThan(8450);
  });

  it('carries no runtime that it does not use', () => {
    expect(code).toContain('function drawUniform(');
    expect(code).not.toMatch(/drawNormal|drawOrthogonal|function erf|roundEven|floatBits/);
  });
});
