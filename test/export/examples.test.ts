// The examples in ONNX Runtime: what they predict, and ten steps of training, losses and tensors.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { chosen } from '../support/full.js';
import { expectAlike } from './alike.js';

const root = fileURLToPath(new URL('../../examples', import.meta.url));

/** Sizes of large examples, smaller. */
const smaller: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'moby-dick': { d: 8, T: 6, depth: 2 },
  gru: { T: 6, d: 8, units: 16 },
  spirals: { hidden: 6 },
  autoencoder: { hidden: 32 },
  vae: { hidden: 8, latent: 2 },
  mnist: { hidden: 8 },
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.nn') && !name.includes('node_modules'),
);

/** Two players. */
const few = ['cart-pole/cart-pole.nn'];

describe.each(chosen(files, (name) => few.includes(name)))('%s', (name) => {
  it('predicts and trains alike', async () => {
    const path = join(root, name);
    const text = readFileSync(path, 'utf8');
    await expectAlike({
      // Distances between places do not depend on a bias: its gradient is 0 but for rounding, of which adam makes whole steps.
      text: name.startsWith('siamese') ? text.replace(/adam\(.*\)$/m, 'sgd(1e-3)') : text,
      file: path,
      set: smaller[name.split('/')[1].replace('.nn', '')],
    });
  });
});
