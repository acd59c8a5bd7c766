// The language server under 20,000 random edits: nothing breaks, nothing told is stale, and memory stays as it is.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { chosen } from '../support/full.js';
import { edited } from '../support/edits.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const root = join(import.meta.dirname, '../..');
const files = ['examples', 'src/std'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nn'))
    .map((name) => join(root, folder, name)),
);

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

it.each(chosen([20_000], () => false))(
  '%i random edits of all examples and the library',
  { timeout: 3_600_000 },
  async (count) => {
    const each = Math.ceil(count / (4 * files.length));
    const after: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (const [i, path] of files.entries()) await edited(readFileSync(path, 'utf8'), 1000 * round + i + 1, each, 50);
      after.push(heap());
    }
    expect(after[3]).toBeLessThan(1.2 * after[0]);
  },
);
