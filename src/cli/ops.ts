// `nnc ops`: the primitive operations and the library's definitions.
import type { Command } from 'commander';
import { standardOutput } from './output.js';

export function addOps(program: Command): void {
  program
    .command('ops')
    .description('list the primitive operations and library definitions, or show one with its derivative')
    .argument('[name]', 'the one to show')
    .action(run);
}

async function run(name: string | undefined, _: unknown, command: Command): Promise<void> {
  const { library } = await import('../embedded.js');
  const { describeOperation, listOperations } = await import('../inspect/operations.js');
  if (name === undefined) {
    const lines = listOperations(library);
    const width = Math.max(...lines.map((line) => line.name.length));
    for (const line of lines)
      standardOutput.write(`${line.name.padEnd(width)}  ${line.kind.padEnd(9)}  ${line.summary}`.trimEnd() + '\n');
    return;
  }
  const page = describeOperation(name, library);
  if (page === undefined) command.error(`error: there is no operation or definition ${name}; nnc ops lists them`);
  standardOutput.write(`${page}\n`);
}
