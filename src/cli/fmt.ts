// `nnc fmt`: .nn files in their usual form.
import type { Command } from 'commander';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import { readSource, writeFiles } from './files.js';
import { standardOutput } from './output.js';
import { hasErrors, report } from './report.js';

interface Options {
  readonly check?: boolean;
}

export function addFmt(program: Command): void {
  program
    .command('fmt')
    .description('format .nn files in place and print the names of those that change')
    .argument('<file...>', 'the .nn files; - is standard input, which is formatted to standard output')
    .option('--check', 'change nothing; exit with 1 where a file would change')
    .action(run);
}

async function run(files: readonly string[], { check }: Options): Promise<void> {
  for (const file of files) {
    const diagnostics = await formatted(file, check === true);
    // What is worth a warning, `nnc check` says.
    if (!hasErrors(diagnostics)) continue;
    report(diagnostics);
    process.exitCode = 1;
  }
}

/** A file that cannot be formatted is left as it is, and the next ones are formatted. */
async function formatted(file: string, check: boolean): Promise<readonly Diagnostic[]> {
  const { format } = await import('../format/format.js');
  try {
    const source = readSource(file, { exact: true });
    const { text, diagnostics } = format(source);
    if (text === undefined) return diagnostics;
    const changed = text !== source.text;
    if (check && changed) process.exitCode = 1;
    if (changed && !check && file !== '-') writeFiles([{ path: file, content: text }], { inPlace: true });
    if (file === '-' && !check) standardOutput.write(text);
    else if (changed) standardOutput.write(`${source.file}\n`);
    return [];
  } catch (error) {
    if (error instanceof Fault) return [error.diagnostic];
    throw error;
  }
}
