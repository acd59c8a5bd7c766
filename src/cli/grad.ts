// `nnc grad`: the gradient program, derived and simplified.
import { Option, type Command } from 'commander';
import { lossAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { readImport, readSource } from './files.js';
import { withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { report } from './report.js';

interface Options extends ModelOptions {
  readonly wrt?: string;
  readonly format: 'nn' | 'math';
}

export function addGrad(program: Command): void {
  withModelOptions(program.command('grad'))
    .description('print the gradient of the loss, derived by the chain rule and simplified')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('--wrt <name>', 'only what leads to the gradient of this parameter')
    .addOption(new Option('--format <format>', 'how formulas are written').choices(['nn', 'math']).default('nn'))
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { check, differentiateModel } = await import('../index.js');
  const { gradientDocument, printGradient } = await import('../inspect/gradient.js');
  const { model, diagnostics } = check(readSource(file), { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  if (!model.training.loss) throw new Fault(lossAbsent({ model: model.name, what: 'derive' }));
  const derived = differentiateModel(model);
  const { wrt } = options;
  if (wrt !== undefined && !derived.gradients.has(wrt))
    command.error(
      `error: ${model.name} trains no parameter ${wrt}; it trains ${[...derived.gradients.keys()].join(', ')}`,
    );
  const document = gradientDocument(derived.model, derived.gradients, { style: options.format, wrt: options.wrt });
  standardOutput.write(`${printGradient(document)}\n`);
}
