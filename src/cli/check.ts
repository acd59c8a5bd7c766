// `nnc check`: every diagnostic of some files, lints among them, and their fixes.
import type { Command } from 'commander';
import { Fault, type Diagnostic, type Source } from '../diagnostics/diagnostic.js';
import { mended } from '../diagnostics/fixes.js';
import { toJson } from '../diagnostics/json.js';
import { readImport, readSource, rememberSource, textOf, writeFiles } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { hasErrors, report } from './report.js';

interface Options extends ModelOptions {
  readonly json?: boolean;
  readonly fix?: boolean;
}

export function addCheck(program: Command): void {
  withModelOptions(program.command('check'))
    .description('parse, elaborate and infer shapes; print every diagnostic')
    .argument('<file...>', 'the .nn files; - is standard input')
    .option('--json', 'print the diagnostics as JSON')
    .option('--fix', 'mend in place what has a fix, print the names of files that change, and tell the rest')
    .action(run);
}

async function run(files: readonly string[], options: Options, command: Command): Promise<void> {
  if (options.fix && (options.json || files.includes('-')))
    command.error(`error: --fix writes files: it does not go with ${options.json ? '--json' : '-'}`);
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
    const source = readSource(file, options.fix ? { exact: true } : {});
    return options.fix ? await fixed(source, options) : await checked(source, options);
  } catch (error) {
    if (error instanceof Fault) return [error.diagnostic];
    throw error;
  }
}

async function checked(source: Source, { memoryLimit, ...options }: Options): Promise<readonly Diagnostic[]> {
  const { analyze } = await import('../analysis/analyze.js');
  const { linted } = await import('../analysis/lints/lint.js');
  const limit = memoryLimit === undefined ? {} : { memoryLimit: memoryLimit * 2 ** 30 };
  return linted(analyze(source, { read: readImport, ...options, ...limit }));
}

/** What is left out may have been the only use of something else. */
const mostRounds = 20;

/** What is left when the fixes are made, round by round. */
async function fixed(source: Source, options: Options): Promise<readonly Diagnostic[]> {
  const { file } = source;
  let { text } = source;
  for (let round = 0; ; round++) {
    rememberSource(file, text);
    const diagnostics = await checked({ file, text }, options);
    const next = mended(file, text, diagnostics);
    if (next.count > 0 && round < mostRounds) {
      text = next.text;
      continue;
    }
    if (text !== source.text) {
      writeFiles([{ path: file, content: text }], { inPlace: true });
      standardOutput.write(`${file}\n`);
    }
    return diagnostics;
  }
}
