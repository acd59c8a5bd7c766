// The `nnc` command: its commands, and what a failure looks like.
import { Command, CommanderError, Option } from 'commander';
import { forgetReads } from '../data/reads.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { version } from '../embedded.js';
import { addBench } from './bench.js';
import { addCheck } from './check.js';
import { addCompile } from './compile.js';
import { addData } from './data.js';
import { addEval } from './eval.js';
import { addExplain } from './explain.js';
import { addExport } from './export.js';
import { addFmt } from './fmt.js';
import { addGrad } from './grad.js';
import { addGradcheck } from './gradcheck.js';
import { addGraph } from './graph.js';
import { addImport } from './import.js';
import { addLsp } from './lsp.js';
import { addOps } from './ops.js';
import { addPasses } from './passes.js';
import { standardError, standardOutput, unwritable } from './output.js';
import { coloured, report } from './report.js';
import { addPredict } from './predict.js';
import { addReport } from './reportRuns.js';
import { addRuns } from './runsList.js';
import { addTrain } from './train.js';
import { addTypes } from './types.js';
import { addVerify } from './verify.js';
import { addWeights } from './weights.js';

/** Runs the command that the arguments of the process name. Its result, where it ran to its end, is what code it used: `compile wasm`. */
export async function main(): Promise<string | undefined> {
  // What a data module prints goes through Node's streams, which report failures later.
  for (const [stream, name] of [
    [process.stdout, 'standard output'],
    [process.stderr, 'standard error'],
  ] as const)
    stream.on('error', (error) => end(unwritable(name, error)));
  process.on('uncaughtException', end);

  forgetReads();
  let used: string | undefined;
  const program = commandLine().hook('postAction', (_, command) => {
    used = useOf(command);
  });
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = said(error);
  }
  return used;
}

function commandLine(): Command {
  const program = new Command('nnc')
    .description('A compiler for neural networks: .nn models to standalone, readable trainer modules.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => standardOutput.write(text),
      writeErr: (text) => standardError.write(text),
      getOutHelpWidth: () => standardOutput.columns ?? 80,
      getErrHelpWidth: () => standardError.columns ?? 80,
      getOutHasColors: () => coloured(standardOutput),
      getErrHasColors: () => coloured(standardError),
    });
  for (const add of [
    addCheck,
    addFmt,
    addCompile,
    addTypes,
    addTrain,
    addData,
    addEval,
    addPredict,
    addRuns,
    addReport,
    addGrad,
    addExplain,
    addGradcheck,
    addVerify,
    addGraph,
    addBench,
    addWeights,
    addExport,
    addImport,
    addOps,
    addPasses,
    addLsp,
  ])
    add(program);
  for (const command of program.commands)
    command.addOption(new Option('--debug', 'show the stack of a bug').hideHelp());
  return program;
}

/** The command, and what it was told of choices: `compile wasm`. */
function useOf(command: Command): string {
  const choices = command.options.filter(({ argChoices }) => argChoices !== undefined);
  const chosen = choices.map((option): unknown => command.getOptionValue(option.attributeName()));
  return [command.name(), ...chosen.filter((value) => typeof value === 'string')].join(' ');
}

/** After what nobody caught nothing goes on. */
function end(error: unknown): void {
  process.exit(said(error));
}

/** Says what went wrong; where nothing can be written, the exit code alone tells. */
function said(error: unknown): number {
  try {
    return explained(error);
  } catch {
    return 1;
  }
}

/** 1 where the user's files are at fault, 2 on wrong usage, 70 on a bug of ours. */
function explained(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Fault) {
    report([error.diagnostic]);
    return 1;
  }
  const shown = process.argv.includes('--debug') || process.env.NNC_DEBUG !== undefined;
  const text = error instanceof Error ? error.message : String(error);
  standardError.write(`nnc: this is a bug in nnc: ${text}\n`);
  if (shown && error instanceof Error) standardError.write(`${error.stack}\n`);
  else standardError.write('Run it again with --debug to see where it happened.\n');
  return 70;
}
