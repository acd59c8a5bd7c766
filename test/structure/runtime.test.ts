// What is in the runtime is copied into one module: no name may be declared in two of its files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../src/codegen/runtime');

it('declares each name in one file', () => {
  const files = new Map<string, string[]>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name] of text.matchAll(/^(?:export )?(?:async )?(?:interface|type|function|const|let|class) (\w+)/gm))
      files.set(name, [...(files.get(name) ?? []), file]);
  }
  expect(files.size).toBeGreaterThan(100);
  expect([...files].filter(([, places]) => new Set(places).size > 1)).toEqual([]);
});
