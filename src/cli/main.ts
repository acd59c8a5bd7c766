// The `nnc` command: its commands, and what a failure looks like.
import { Command, CommanderError, Option } from 'commander';
import { Fault } from '../diagnostics/diagnostic.js';
import { version } from '../embedded.js';
import { addBench } from './bench.js';
import { addCheck } from './check.js';
import { addCompile } from './compile.js';
import { addGrad } from './grad.js';
import { addOps } from './ops.js';
import { report } from './report.js';
import { addTrain } from './train.js';

const program = new Command('nnc')
  .description('A compiler for neural networks: .nn models to standalone, readable trainer modules.')
  .version(version)
  .helpCommand(false)
  .exitOverride();

for (const add of [addCheck, addCompile, addTrain, addGrad, addBench, addOps]) add(program);
for (const command of program.commands) command.addOption(new Option('--debug', 'show the stack of a bug').hideHelp());

// A reader that has seen enough (`nnc ops | head`) is no failure.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });

process.on('uncaughtException', fail);

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}

/** Exits with 1 where the user's files are at fault, 2 on wrong usage, 70 on a bug of ours. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof Fault) {
    report([error.diagnostic]);
    process.exitCode = 1;
  } else {
    const shown = process.argv.includes('--debug') || process.env.NNC_DEBUG !== undefined;
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`nnc: this is a bug in nnc: ${text}\n`);
    if (shown && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    else process.stderr.write('Run it again with --debug to see where it happened.\n');
    process.exitCode = 70;
  }
}
