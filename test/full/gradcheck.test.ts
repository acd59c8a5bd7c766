// Every example and reference case: each gradient is what differences give, to second order, and certificates are the same each time.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nnc } from '../cli/nnc.js';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nnc-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const models = ['examples', 'test/reference/cases'].flatMap((place) =>
  readdirSync(join(root, place), { recursive: true, encoding: 'utf8' }).flatMap((name) =>
    // A model that only predicts has no gradients.
    name.endsWith('.nn') && /^\s*loss\b/m.test(readFileSync(join(root, place, name), 'utf8'))
      ? [join(place, name)]
      : [],
  ),
);

/** A file is run where it stands: what it imports and reads starts there. */
function run(file: string, command: string, ...options: string[]): ReturnType<typeof nnc> {
  return nnc([command, basename(file), ...options], { cwd: join(root, dirname(file)), timeout: 570_000 });
}

describe.each(models)('%s', (file) => {
  it.each(['1', '2'])('is what differences give, order %s', (order) => {
    const { status, stdout } = run(file, 'gradcheck', '--order', order, '--json');
    const { parameters, limit, error } = JSON.parse(stdout);
    expect(error).toBeLessThanOrEqual(1e-6);
    expect(limit).toBe(1e-6);
    for (const { name, checked } of parameters) expect(checked, name).toBeGreaterThan(0);
    expect(status).toBe(0);
  });
});

it.each(['examples/iris/iris.nn', 'test/reference/cases/convnet.nn', 'test/reference/cases/rnn.nn'])(
  '%s has the same certificate each time',
  (file) => {
    const certificates = ['one.json', 'two.json'].map((name) => {
      const path = join(folder, name);
      expect(run(file, 'verify', '-o', path).status).toBe(0);
      return readFileSync(path, 'utf8');
    });
    expect(certificates[1]).toBe(certificates[0]);
    expect(certificates[0]).not.toContain(root);
  },
);
