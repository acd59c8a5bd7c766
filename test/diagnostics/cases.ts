// The examples of messages that docs/diagnostics.md shows: written anew, and carried out. A wrong or right one is a .nn file; or commands, each
// behind `$`, and then files, each under a line `# NAME`, of which the right one has those that differ.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { caseFolder } from '../../scripts/diagnostics.mjs';
import type { Case } from '../../src/inspect/diagnosticsPage.js';
import type { Outcome } from '../cli/nnc.js';

/** The cases of a phase are a file. */
export function writeCases(phase: string, cases: readonly Case[]): void {
  const texts = cases.map(
    ({ code, meaning, wrong, answer, right, byHand }) =>
      `== ${code}\n${meaning}\n-- wrong${byHand ? ' by hand' : ''}\n${wrong}\n-- answer\n${answer.trimEnd()}\n-- right\n${right}\n`,
  );
  writeFileSync(join(caseFolder, `${phase}.txt`), texts.join(''));
}

/** Does what a case says in a folder of its own: first what is wrong, then what is right. */
export function carryOut(
  { wrong, right }: Case,
  run: (command: readonly string[], options: { readonly cwd: string }) => Outcome,
): { readonly wrong: Outcome; readonly right: Outcome } {
  const cwd = mkdtempSync(join(tmpdir(), 'nnc-case-'));
  const done = (commands: readonly string[]): Outcome => {
    let last: Outcome = { status: 0, stdout: '', stderr: '' };
    for (const command of commands)
      if (command.startsWith('nnc ')) last = run(command.split(' ').slice(1), { cwd });
      else spawnSync('bash', ['-c', command], { cwd });
    return last;
  };
  try {
    const first = laidOut(wrong, cwd);
    const outcome = done(first);
    const second = laidOut(right, cwd);
    return { wrong: outcome, right: done(second.length > 0 ? second : first) };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** Writes the files of a text, and gives its commands. */
function laidOut(text: string, cwd: string): readonly string[] {
  const [commands, ...files] = `${text}\n`.split(/^# (?=\S+$)/m);
  for (const file of files) {
    const [name, ...lines] = file.split('\n');
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), lines.join('\n').trimEnd() && `${lines.join('\n').trimEnd()}\n`);
  }
  return commands.split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []));
}
