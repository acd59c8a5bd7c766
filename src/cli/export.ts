// `nnc export`: a model for other engines.
import { InvalidArgumentError, type Command } from 'commander';
import { isRun, openExported } from './exportSource.js';
import type { ExportOptions } from './exportWeights.js';
import { checkFolderWritable, checkWritable } from './files.js';
import { wholeNumber, withModelOptions } from './modelOptions.js';

export function addExport(program: Command): void {
  withModelOptions(program.command('export'))
    .description('write the model for another engine: its predictions, or a whole step of training')
    .argument('<file>', 'the .nn file, - for standard input, or a run, whose best weights are taken')
    .option('--onnx <file>', 'an ONNX file of what predict computes, with its weights')
    .option('--opset <18|20>', 'the version of ONNX operators', opset, 20)
    .option(
      '--stablehlo <folder>',
      'StableHLO modules, and a script that trains them under JAX, on one machine or many',
    )
    .option('--batch <n>', "with --stablehlo: rows in a batch (default: the train block's)", wholeNumber(1))
    .option('--step', 'a step of training instead: forward, backward, update')
    .option('--initial <file>', 'with --step: the tensors that the first step is given, a safetensors file')
    .option('--checkpoint <path>', 'the weights: a safetensors file (default: those that training begins with)')
    .option('--updates <n>', 'how many updates the run makes, where a schedule follows its length', wholeNumber(1))
    .action(run);
}

const opsets = [18, 20];

function opset(text: string): number {
  const found = opsets.find((n) => String(n) === text.trim());
  if (found === undefined) throw new InvalidArgumentError(`It should be ${opsets.join(' or ')}.`);
  return found;
}

async function run(file: string, options: ExportOptions, command: Command): Promise<void> {
  const { onnx, stablehlo, batch, step, initial, updates, checkpoint } = options;
  if (onnx !== undefined && stablehlo !== undefined) command.error('error: say either --onnx or --stablehlo, not both');
  if (onnx === undefined && stablehlo === undefined) command.error('error: --onnx or --stablehlo says what is written');
  if (stablehlo === undefined && batch !== undefined)
    command.error('error: --batch is for --stablehlo: ONNX takes any number of rows');
  if (stablehlo !== undefined && (step ?? initial ?? updates) !== undefined)
    command.error('error: --step, --initial and --updates are for --onnx: --stablehlo writes all there is');
  if (!step && initial !== undefined) command.error('error: --initial is for a step: say --step');
  if (!step && updates !== undefined) command.error('error: --updates is for a step: say --step');
  if (step && checkpoint !== undefined && initial === undefined)
    command.error('error: a step is given its tensors: with --checkpoint, say by --initial where they are written');
  if (isRun(file) && (options.model ?? options.set ?? options.memoryLimit) !== undefined)
    command.error('error: a run has the settings that it was trained with: --model and --set are for a .nn file');
  checkWritable([onnx, initial]);
  if (stablehlo !== undefined) checkFolderWritable(stablehlo);
  const exported = await openExported(file, options);
  if (!exported) {
    process.exitCode = 1;
    return;
  }
  if (stablehlo !== undefined) {
    const { writeStableHlo } = await import('./exportStableHlo.js');
    await writeStableHlo(exported, { ...options, stablehlo });
  } else if (onnx !== undefined) {
    const { writeOnnx } = await import('./exportOnnx.js');
    await writeOnnx(exported, { ...options, onnx });
  }
}
