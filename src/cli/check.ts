// `nnc check`: every diagnostic of some files.
import type { Command } from 'commander';
import { Fault, type Diagnostic, type Source } from '../diagnostics/diagnostic.js';
import { toJson } from '../diagnostics/json.js';
import { readImport, readSource, textOf } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
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
  const diagnostics: Diagnostic[] = [];
  for (const file of files) diagnostics.push(...(await diagnosticsOf(file, options)));
  if (options.json) {
    const data = diagnostics.map((diagnostic) => toJson(diagnostic, textOf));
    standardOutput.write(`${JSON.stringify(data, null, 2)}\n`);
  } else report(diagnostics);
  if (hasErrors(diagnostics)) process.exitCode = 1;
}

/** A file that cannot be read is a diagnostic like any other, and the next ones are read. */
async function diagnosticsOf(file: string, options: Options): Promise<readonly Diagnostic[]> {
  try {
    return await checked(readSource(file), options);
  } catch (error) {
    if (error instanceof Fault) return [error.diagnostic];
    throw error;
  }
}

/** Of several models each is checked; a file that only defines what others import needs none. */
async function checked(source: Source, options: Options): Promise<readonly Diagnostic[]> {
  const { check } = await import('../index.js');
  const { parse } = await import('../parser/parse.js');
  const of = (one: string | undefined): readonly Diagnostic[] =>
    check(source, { read: readImport, ...options, model: one }).diagnostics;
  if (options.model !== undefined) return of(options.model);
  const { declarations } = parse(source).file;
  const models = new Set(declarations.flatMap((each) => (each.kind === 'model' ? [each.name.name] : [])));
  if (models.size === 0 && declarations.length > 0) return of(undefined).filter(({ code }) => code !== 'no-model');
  if (models.size < 2) return of(undefined);
  const found = [...models].flatMap(of);
  return [...new Map(found.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}
