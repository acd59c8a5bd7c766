// `nnc grad`: the gradient program, derived and simplified.
import { Option, type Command } from 'commander';
import { lossAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { readImport, readSource } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

interface Options extends ModelOptions {
  readonly wrt?: readonly string[];
  readonly of?: string;
  readonly order?: '1' | '2';
  readonly steps?: boolean;
  readonly format: 'math';
}

export function addGrad(program: Command): void {
  const again = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  withModelOptions(program.command('grad'))
    .description('print the gradient of the loss, derived by the chain rule and simplified')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('--of <name>', 'the scalar to differentiate (default: the total loss)')
    .option('--wrt <name>', 'by what, * for any characters (again for more; default: every trained parameter)', again)
    .addOption(new Option('--order <n>', '2: Hessian-vector products').choices(['1', '2']))
    .option('--steps', 'each use of the chain rule, with its rule and the equations that follow')
    .addOption(new Option('--format <format>', 'how formulas are written').choices(['math']).default('math'))
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { check } = await import('../index.js');
  const { derivationOf } = await import('../inspect/derivation/derivation.js');
  const { unknownName } = await import('../inspect/derivation/select.js');
  const { printText } = await import('../inspect/print/text.js');
  const { model, diagnostics } = check(readSource(file), { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  if (!model.training.loss && options.of === undefined)
    throw new Fault(lossAbsent({ model: model.name, what: 'derive' }));
  const unknown = unknownName(model, options);
  if (unknown)
    command.error(
      `error: ${model.name} has nothing that --${unknown.option} ${unknown.name} fits; it has ${unknown.known.join(', ')}`,
    );
  const derivation = derivationOf(model, { ...options, order: options.order === '2' ? 2 : 1 });
  standardOutput.write(printText(derivation, { steps: options.steps }));
}
