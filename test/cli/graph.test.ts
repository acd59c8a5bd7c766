// `nnc graph`: formats by extension, stages, and models with errors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { PageData } from '../../src/inspect/graph/page.js';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-graph-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textbook = 'examples/textbook/textbook.nn';

describe('nnc graph', () => {
  it('draws the picture that docs/graph.md shows', () => {
    const { status, stdout, stderr } = warm(['graph', textbook]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(readFileSync('docs/pictures/textbook.svg', 'utf8'));
  });

  it.each([
    ['fused.dot', ['--stage', 'fused'], 'digraph "textbook: fused" {'],
    ['all.json', [], '[\n  {\n    "label": "textbook"'],
    ['page.html', [], '<!doctype html>'],
  ])('writes %s', (name, options, start) => {
    const path = join(folder, name);
    expect(warm(['graph', textbook, ...options, '-o', path]).status).toBe(0);
    expect(readFileSync(path, 'utf8').startsWith(start)).toBe(true);
  });

  it('measures what the page colours boxes by', () => {
    const path = join(folder, 'measured.html');
    expect(warm(['graph', textbook, '-o', path]).status).toBe(0);
    const [, json] = /id="data">(.*?)<\/script>/.exec(readFileSync(path, 'utf8')) ?? [];
    const { overlays } = JSON.parse(json) as PageData;
    expect(Object.keys(overlays)).toEqual(['time', 'operations', 'bytes', 'gradient size']);
    for (const [name, { amounts }] of Object.entries(overlays)) {
      const all = Object.values(amounts);
      if (name !== 'gradient size') expect(all.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 9);
      else expect(Math.max(...all)).toBe(1);
    }
  });

  it.each([
    [['--format', 'dot', '-o', 'x.svg'], '-o x.svg is svg, and --format says dot'],
    [['-o', 'x.png'], '-o x.png: its extension should be one of .svg .html .dot .json'],
    [['--stage', 'forward', '--format', 'json'], 'json holds every stage'],
  ])('refuses %j', (options, message) => {
    const { status, stderr } = warm(['graph', textbook, ...options]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('says which stages a model without a loss has', () => {
    const path = join(folder, 'lossless.nn');
    writeFileSync(path, 'model m {\n  input x: [4, 3]\n  output y = x |> dense(5)\n}\n');
    const { status, stderr } = warm(['graph', path, '--stage', 'backward']);
    expect(status).toBe(2);
    expect(stderr).toContain('m has no stage backward; it has source, forward, fused');
    expect(warm(['graph', path]).status).toBe(0);
  });

  it('draws what could be built of a model with an error, and ends with 1', () => {
    const path = join(folder, 'wrong.nn');
    writeFileSync(path, 'model m {\n  input x: [4, 3]\n  param W: [7, 2] = 0\n  output y = x @ W\n}\n');
    const picture = join(folder, 'wrong.svg');
    const { status, stderr } = warm(['graph', path, '-o', picture]);
    expect(status).toBe(1);
    expect(stderr).toContain('these shapes cannot be multiplied');
    expect(readFileSync(picture, 'utf8')).toContain('wrong.nn:4');
  });
});
