// `nnc check`: every diagnostic of some files.
import type { Command } from 'commander';
import { toJson } from '../diagnostics/json.js';
import { readImport, readSource, textOf } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { hasErrors, report } from './report.js';

interface Options extends ModelOptions {
  readonly json?: boolean;
}

export function addCheck(program: Command): void {
  withModelOptions(program.command('check'))
    .description('parse, elaborate and infer shapes; print every diagnostic')
    .argument('<file...>', 'the .nn files; - is standard input')
    .option('--json', 'print the diagnostics as JSON')
    .action(run);
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { check } = await import('../index.js');
  const diagnostics = files.flatMap((file) => [
    ...check(readSource(file), { read: readImport, ...options }).diagnostics,
  ]);
  if (options.json)
    process.stdout.write(
      `${JSON.stringify(
        diagnostics.map((d) => toJson(d, textOf)),
        null,
        2,
      )}\n`,
    );
  else report(diagnostics);
  if (hasErrors(diagnostics)) process.exitCode = 1;
}
