// An op is known by its identity: its name is for what prints it, and no code asks for it.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ops } from '../../src/ir/ops/registry.js';
import { add } from '../../src/ir/ops/arithmetic.js';

const root = join(import.meta.dirname, '../../src');
const files = filesOf(root).map((path) => ({ file: relative(root, path), text: readFileSync(path, 'utf8') }));

/** Ways to tell ops apart by their names. Scalars have an `op` that is a word; it has no name. */
const byName: readonly RegExp[] = [
  /\bop\.name\s*[!=]==?/,
  /[!=]==?\s*[\w.]*\bop\.name\b/,
  /\b(?:has|includes|get|indexOf|startsWith|test)\([\w.]*\bop\.name\b/,
  /switch \([\w.]*\bop\.name\)/,
  /\bop: \{ name\b/,
];

/** Attributes are typed by the op: `isOp` tells which they are. */
const untyped: readonly RegExp[] = [
  /\battrs as \w/,
  /isArray\([\w.]*attrs/,
  /String\([\w.]*attrs\./,
  /typeof [\w.]*attrs\./,
];

describe('ops', () => {
  it('are not known by their names', () => expect(found(byName)).toEqual([]));

  it('give their attributes types', () => expect(found(untyped)).toEqual([]));

  it('are called as they are exported, so that a table over their names has a row for each', () => {
    expect(ops.find((op) => op.name === 'add')).toBe(add);
    const exported = new Set<string>();
    for (const { file, text } of files)
      if (file.startsWith('ir/ops/'))
        for (const [, name, called] of text.matchAll(
          /export const (\w+): Op<[^=]*= (?:\w+\()?\{?\s*(?:kind: '\w+',\s*)?(?:name: )?'(\w+)'/g,
        )) {
          expect(called).toBe(name);
          exported.add(name);
        }
    expect([...exported].sort()).toEqual(ops.map((op) => op.name).sort());
  });
});

function found(patterns: readonly RegExp[]): string[] {
  return files.flatMap(({ file, text }) =>
    text
      .split('\n')
      .flatMap((line, i) =>
        patterns.some((pattern) => pattern.test(line)) ? [`${file}:${i + 1} ${line.trim()}`] : [],
      ),
  );
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]))
    .filter((file) => file.endsWith('.ts'));
}
