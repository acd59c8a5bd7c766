// `nnc passes`: the compiler's table of contents.
import type { Command } from 'commander';
import { standardOutput } from './output.js';

export function addPasses(program: Command): void {
  program
    .command('passes')
    .description('list the passes of a compilation in order: what each takes and makes, and why')
    .option('--json', 'the same as data')
    .action(run);
}

async function run({ json }: { readonly json?: boolean }): Promise<void> {
  const { passes } = await import('../passes.js');
  const rows = passes.map(({ name, why, from, to, optional }) => ({ name, from, to, optional, why }));
  if (json) standardOutput.write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else
    for (const { name, from, to, optional, why } of rows) {
      const stages = from === to ? to : `${from} → ${to}`;
      standardOutput.write(`${name.padEnd(19)} ${stages.padEnd(18)} ${optional ? 'optional' : '        '}  ${why}\n`);
    }
}
