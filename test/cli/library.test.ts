// The library as it is built: what it takes in of ts-morph and Prettier is what the sources import.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { compile } from '../../src/index.js';

const built = join(import.meta.dirname, '../../dist/index.js');

it('writes the modules that its sources write', async () => {
  if (!existsSync(built)) throw new Error('build first: npm run build');
  const { compile: compiled } = (await import(pathToFileURL(built).href)) as { readonly compile: typeof compile };
  const text =
    'model m {\n  input x: [batch, 2]\n  loss = mean(x |> dense(1))\n  train { optimizer = sgd(lr = 0.1) }\n}\n';
  for (const options of [{}, { language: 'js', sourceMap: 'm.js' } as const]) {
    const [ours, theirs] = [
      await compile({ file: 'm.nn', text }, options),
      await compiled({ file: 'm.nn', text }, options),
    ];
    expect(ours.code).toContain('createTrainer');
    expect([theirs.code, theirs.declarations, theirs.map]).toEqual([ours.code, ours.declarations, ours.map]);
  }
});

it('refuses a target that there is not', async () => {
  const options = JSON.parse('{ "target": "gpu" }') as object;
  const text = 'model m {\n  input x: [batch, 2]\n  output y = x |> dense(1)\n}\n';
  await expect(compile({ file: 'm.nn', text }, options)).rejects.toThrow(
    'compile: target is one of ts, wasm, wgsl, wgsl,wasm; it was given gpu',
  );
});
