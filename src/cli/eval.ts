// `nnc eval`: losses and metrics of trained weights on data, and which classes are taken for which.
import type { Command } from 'commander';
import type { InputArrays } from '../data/dataset.js';
import { describe } from '../data/fields.js';
import { lossAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { counted } from '../diagnostics/quote.js';
import { feed, type Portion } from './feed.js';
import { wholeNumber, withModelOptions, withTargetOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { formatValues } from './progress.js';
import { readData } from './reading.js';
import { coloured } from './report.js';
import {
  classificationOf,
  confuse,
  forOutputs,
  noConfusion,
  predictedClasses,
  scoresOf,
  type Confusion,
} from './runs/classes.js';
import { openTrained, withTrainedOptions, type Trained, type TrainedOptions } from './runs/trained.js';
import { sourcesOf } from './source.js';
import { tableLines } from './table.js';
import { evaluateAll, unlessRefused, type Values } from './trainer.js';

interface Options extends TrainedOptions {
  readonly json?: boolean;
}

export function addEval(program: Command): void {
  const command = withTrainedOptions(program.command('eval'));
  withTargetOptions(withModelOptions(command), "the run's, else wasm where it works")
    .description('losses and metrics of a trained model on data')
    .option('--data <path>', "data in place of the model's: all rows of it")
    .option('--batch <n>', 'rows evaluated at once', wholeNumber(1))
    .option('--json', 'print the results as JSON')
    .action(run);
}

export interface Evaluated {
  readonly values: Values;
  readonly rows: number;
  readonly classes?: readonly string[];
  readonly confusion?: Confusion;
}

async function run(path: string, options: Options, command: Command): Promise<void> {
  const trained = await openTrained(path, options, command);
  if (!trained) {
    process.exitCode = 1;
    return;
  }
  const {
    prepared: { model },
    trainer,
    checkpoint,
  } = trained;
  if (!model.training.loss) throw new Fault(lossAbsent({ model: model.name, what: 'evaluate' }));
  try {
    const { portion, said } = await portionOf(trained, options.data);
    const evaluated = await unlessRefused(model, () => evaluateOn(trained, portion));
    const { values, rows, classes, confusion } = evaluated;
    if (options.json) {
      const result = { model: model.name, checkpoint, data: said, rows, values, classes, confusion };
      standardOutput.write(`${JSON.stringify(result, null, 2)}\n`);
    } else
      standardOutput.write(`${linesOf(`${model.name} on ${counted(rows, 'row')} ${said}`, evaluated).join('\n')}\n`);
  } finally {
    trainer.dispose();
  }
}

/** The rows to test with, else those to validate with, else all; all rows of data that are given. */
export async function portionOf(
  trained: Trained,
  given: string | undefined,
): Promise<{ portion: Portion; said: string }> {
  const {
    prepared: { model },
    folder,
    words,
    seed,
    batch,
    record,
  } = trained;
  // What numbers stand for is what they stood for in training.
  const data = await readData(model, folder, given ?? trained.given, { words });
  const source = describe(sourcesOf(model, given ?? trained.given).data);
  if (given !== undefined) {
    // All of it, whatever the model would hold back.
    const whole = { ...model, train: { ...model.train, validation: 0, test: 0, shuffle: false } };
    return { portion: feed({ ...data }, whole, { seed, batch }).train, said: `of ${source}` };
  }
  const fed = feed(data, model, { seed, batch: record?.batch ?? model.train.batch });
  if (fed.test) return { portion: fed.test, said: 'to test with' };
  if (fed.validation) return { portion: fed.validation, said: 'to validate with' };
  return { portion: fed.train, said: `of ${source}, all of which it was trained on` };
}

/** Losses and metrics, and where the model tells classes apart, which are taken for which. */
export async function evaluateOn(
  { prepared: { program }, trainer, words }: Pick<Trained, 'prepared' | 'trainer' | 'words'>,
  { batches }: Portion,
): Promise<Evaluated> {
  const classification = classificationOf(program, words);
  const { values, rows } = await evaluateAll(trainer, batches);
  if (!classification) return { values, rows };
  const confusion = noConfusion(classification);
  for await (const { inputs, rows: count } of batches.of(0, 0)) {
    const given = inputs as InputArrays;
    const outputs = await trainer.predict(forOutputs(program, given));
    confuse(confusion, given[classification.label.name], predictedClasses(classification, outputs, count), count);
  }
  return { values, rows, classes: classification.names, confusion };
}

function linesOf(head: string, { values, classes, confusion }: Evaluated): string[] {
  const lines = [`${head}: ${formatValues(values)}`];
  if (!classes || !confusion) return lines;
  const terminal = {
    colour: coloured(standardOutput),
    ...(standardOutput.columns !== undefined && { width: standardOutput.columns }),
  };
  const left = (title: string) => ({ title, align: 'left' as const });
  const right = (title: string) => ({ title, align: 'right' as const });
  const percent = (share: number): string => (Number.isNaN(share) ? '' : `${(100 * share).toFixed(1)}%`);
  const scores = scoresOf(confusion, classes);
  const table = tableLines(
    [left('class'), ...['rows', 'precision', 'recall', 'F1'].map(right)],
    scores.map((s) => [s.name, `${s.rows}`, percent(s.precision), percent(s.recall), percent(s.f1)]),
    terminal,
  );
  lines.push('', ...table);
  // Of very many classes the matrix fits no screen: JSON has it.
  if (classes.length > 20) return lines;
  const matrix = tableLines(
    [left('true, by what is predicted'), ...classes.map(right)],
    confusion.map((row, i) => [classes[i], ...row.map((n) => (n === 0 ? '·' : `${n}`))]),
    terminal,
  );
  return [...lines, '', ...matrix];
}
