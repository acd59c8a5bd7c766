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
            meaning: read(entry.name, 'meaning.txt').trimEnd(),
            wrong: read(entry.name, 'wrong.nn'),
            answer: read(entry.name, 'answer.txt'),
            right: read(entry.name, 'right.nn'),
          },
        ]
      : [],
  );
}

/** The form of a case: its code, what it means, something wrong, what is said of that, and the same put right. */
const form = /^([\w-]+)\n([^]*?)\n-- wrong(| by hand)\n([^]*?)\n(?:-- answer\n([^]*?)\n)?-- right\n([^]*)$/;

/** The files of test/diagnostics/cases, by phases of the catalog. */
export const caseFolder = join(tests, 'diagnostics/cases');

/** Of every phase its cases, in order. */
export function cases() {
  const phases = readdirSync(caseFolder).map((name) => name.replace('.txt', ''));
  return new Map(phases.map((phase) => [phase, casesIn(readFileSync(join(caseFolder, `${phase}.txt`), 'utf8'))]));
}

function casesIn(text) {
  const sections = text.split(/^== /m).slice(1);
  return sections.map((section) => {
    const found = form.exec(section.trimEnd());
    if (!found) throw new Error(`this is no case: ${section}`);
    const [, code, meaning, how, wrong, answer = '', right] = found;
    return { code, meaning, wrong, answer, right, byHand: how !== '' };
  });
}
