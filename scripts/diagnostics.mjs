// The programs of the tests, and what is said of them: what docs/diagnostics.md is made from.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tests = fileURLToPath(new URL('../test', import.meta.url));

/** A folder of test/lints for each lint. */
export function lintExamples() {
  const read = (code, name) => readFileSync(join(tests, 'lints', code, name), 'utf8');
  return readdirSync(join(tests, 'lints'), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? [
          {
            code: entry.name,
            wrong: read(entry.name, 'wrong.nn'),
            answer: read(entry.name, 'answer.txt'),
            right: read(entry.name, 'right.nn'),
          },
        ]
      : [],
  );
}

/** The answers to the faulty programs of test/errors. */
export function answers() {
  const folder = join(tests, 'errors');
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.txt'))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}
