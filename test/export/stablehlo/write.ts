// Writes into a folder what record.py runs: the files of each model with rows for its steps, and the samples of operations.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainPy } from '../../../src/embedded.js';
import { batch, models, open, steps } from './models.js';
import { samples } from './samples.js';

const [, , root, ...only] = process.argv;

function put(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, folder, name), content);
}

/** Arrays as lists. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    ArrayBuffer.isView(part) ? Array.from(part as unknown as ArrayLike<number>) : part,
  );
}

for (const path of models.keys()) {
  if (only.length > 0 && !only.some((name) => path.includes(name))) continue;
  const opened = open(path);
  const { modules, manifest } = opened.exported;
  const trainer = await opened.trainer();
  put(path.replaceAll('/', '__'), {
    ...Object.fromEntries(modules),
    'manifest.json': JSON.stringify({ ...manifest, overrides: {}, files: [] }),
    'initial.safetensors': trainer.save({ optimizer: true }),
    'train.py': trainPy,
    'fed.json': json(Array.from({ length: 2 * steps }, (_, step) => opened.fed(step))),
    'epoch.json': json(opened.fed(0, 6 * batch)),
  });
}
const { text, samples: all } = samples();
put('samples', { 'samples.mlir': text, 'samples.json': JSON.stringify(all) });
