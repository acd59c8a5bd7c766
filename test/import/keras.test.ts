// nnc import of what Keras 3 writes, with its weights: models give as .nn what they gave there, and weights go back to the bit.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { importJson } from '../../src/import/model.js';
import type { Recorded } from '../support/predicted.js';
import { warm } from '../cli/nnc.js';
import { predictsTheSame, readsAsWritten } from './imported.js';

const here = join(import.meta.dirname, 'keras');
const folder = mkdtempSync(join(tmpdir(), 'nnc-keras-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly input: Recorded;
  readonly output: Recorded;
}
const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

function imported(name: string) {
  const weights = { file: 'w.safetensors', bytes: new Uint8Array(readFileSync(join(here, `${name}.safetensors`))) };
  const text = readFileSync(join(here, `${name}.json`), 'utf8');
  const read = (): Uint8Array => new Uint8Array();
  return importJson(text, { from: 'model.json', file: 'model.nn', name, read, weights });
}

describe.each(Object.keys(cases))('%s', (name) => {
  const made = imported(name);

  it('reads as one would have written it, and fmt leaves it alone', () => {
    readsAsWritten(made, join(here, `${name}.nn`));
  });

  it('predicts the same', () => {
    const { input, output } = cases[name];
    predictsTheSame(made, { inputs: [input], outputs: [output] });
  });
});

// Layers of the file's own are none that nnc weights knows, and names of Keras alone do not tell the layers of gpt from one another.
it.each(['mlp', 'convnet', 'text'])('weights of %s come and go by nnc weights', (name) => {
  const weights = join(here, `${name}.safetensors`);

  const model = join(here, `${name}.nn`);
  const [ours, back] = ['ours', 'back'].map((kind) => join(folder, `${name}-${kind}.safetensors`));
  expect(warm(['weights', model, '--from', weights, '-o', ours]).stderr).toBe('');
  const numbers = (file: Uint8Array): Record<string, string> => {
    const { tensors } = readHeader(file, (why) => new Error(why));
    return Object.fromEntries(
      [...tensors].map(([of, { shape, from, to }]) => [
        of,
        `${shape.join()} ${Buffer.from(file.slice(from, to)).toString('hex')}`,
      ]),
    );
  };
  expect(numbers(readFileSync(ours))).toEqual(numbers(imported(name).weights ?? new Uint8Array()));
  expect(warm(['weights', model, '--from', ours, '--to', 'keras', '--like', weights, '-o', back]).stderr).toBe('');
  expect(numbers(readFileSync(back))).toEqual(numbers(readFileSync(weights)));
});

it('reads a .keras archive, and says where it is none', () => {
  const config = readFileSync(join(here, 'mlp.json'));
  writeFileSync(join(folder, 'mlp.keras'), zipSync({ 'metadata.json': new Uint8Array(2), 'config.json': config }));
  const weights = ['--weights', join(here, 'mlp.safetensors')];
  expect(warm(['import', 'mlp.keras', '-o', 'mlp.nn', ...weights], { cwd: folder })).toEqual({
    status: 0,
    stdout: 'mlp.nn\nmlp.safetensors\n',
    stderr: '',
  });
  const lines = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n').slice(1);
  expect(lines(join(folder, 'mlp.nn'))).toEqual(lines(join(here, 'mlp.nn')));
  writeFileSync(join(folder, 'other.keras'), zipSync({ 'model.weights.h5': new Uint8Array(3) }));
  writeFileSync(join(folder, 'old.keras'), 'HDF');
  for (const [file, said] of [
    [
      'other.keras',
      'error[import-malformed]: other.keras is no model that can be imported: it is an archive without config.json',
    ],
    ['old.keras', 'error[data-malformed]: old.keras: this is not a .keras archive, or it is damaged'],
  ])
    expect(warm(['import', file, '-o', 'none.nn'], { cwd: folder }).stderr.split('\n')[0]).toBe(said);
});

it('says what weights do not fit', () => {
  const { status, stderr } = warm(
    ['import', join(here, 'mlp.json'), '-o', 'none.nn', '--weights', join(here, 'text.safetensors')],
    { cwd: folder },
  );
  expect([status, stderr.split('\n')[0]]).toEqual([
    1,
    `error[import-weights]: the weights of ${join(here, 'text.safetensors')} do not fit its layer dense`,
  ]);
});
