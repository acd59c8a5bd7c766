// `nnc ops`: what one can write in the language, and the primitive operations that it becomes.
import type { Command } from 'commander';
import { standardOutput } from './output.js';

export function addOps(program: Command): void {
  program
    .command('ops')
    .description(
      'list what one can write and the primitive operations that it becomes, or show one with its derivative',
    )
    .argument('[name]', 'the one to show')
    .action(run);
}

async function run(name: string | undefined, _: unknown, command: Command): Promise<void> {
  const { library } = await import('../embedded.js');
  const { listOperations, nearestOperation, unsupported } = await import('../inspect/operations.js');
  if (name === undefined) {
    const { listPrimitives } = await import('../inspect/primitives.js');
    const written = listOperations(library).map(({ kind, signatures, summary }) => [kind, signatures[0], summary]);
    const primitives = listPrimitives().flatMap(({ use }) =>
      use ? [['primitive', use.formula, use.derivative.join(', ') || 'no gradient flows through it']] : [],
    );
    standardOutput.write(columns([...written, ...primitives]));
    return;
  }
  const { describeOperation } = await import('../inspect/operationPage.js');
  const page = describeOperation(name, library);
  if (page === undefined) {
    const near = nearestOperation(name, library);
    const why = unsupported().includes(name)
      ? `${name} is not supported yet`
      : `there is no operation or definition ${name}; ${near === undefined ? 'nnc ops lists them' : `did you mean ${near}?`}`;
    command.error(`error: ${why}`);
  }
  standardOutput.write(`${page}\n`);
}

/** Rows as lines; the last column is as long as it is, and those before it are padded as far as most need. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = [15, 44];
  return rows
    .map(
      (row) =>
        row
          .map((cell, i) => (i < widths.length ? cell.padEnd(widths[i]) : cell))
          .join('  ')
          .trimEnd() + '\n',
    )
    .join('');
}
