// `nnc grad`: how the gradient of a model comes about, in the format that is asked for.
import { Option, type Command } from 'commander';
import { lossAbsent } from '../diagnostics/data.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { visible } from '../diagnostics/quote.js';
import { onlyPlayer } from '../ir/model.js';
import type { ModelGraph, Source } from '../index.js';
import type { Derivation } from '../inspect/derivation/data.js';
import type { Numbers } from '../inspect/derivation/numbers.js';
import type { Unknown } from '../inspect/derivation/select.js';
import type { TextOptions } from '../inspect/print/text.js';
import { checkWritable, readImport, readSource, writeFiles } from './files.js';
import { formatFor, type Formats } from './formats.js';
import { wholeNumber, withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardError, standardOutput } from './output.js';
import { report } from './report.js';

const formats = ['math', 'nn', 'latex', 'markdown', 'html', 'json'] as const;
type Format = (typeof formats)[number];

const written: Formats<Format> = {
  usual: 'math',
  of: new Map([
    ['.txt', 'math'],
    ['.nn', 'nn'],
    ['.tex', 'latex'],
    ['.md', 'markdown'],
    ['.html', 'html'],
    ['.json', 'json'],
  ]),
};

interface Options extends ModelOptions {
  readonly wrt?: readonly string[];
  readonly of?: string;
  readonly block?: string;
  readonly order: '1' | '2';
  readonly steps?: boolean;
  readonly format?: Format;
  readonly output?: readonly string[];
  readonly at?: string;
  readonly batch?: number | string;
  readonly digits?: number;
}

export function addGrad(program: Command): void {
  const again = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];
  withModelOptions(program.command('grad'))
    .description('show the gradient of the loss, derived by the chain rule and simplified')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('--of <name>', 'the scalar to differentiate (default: the total loss)')
    .option('--block <name>', 'the losses of one train block, by what it trains (default: of each block)')
    .option('--wrt <name>', 'by what, * for any characters (again for more; default: every trained parameter)', again)
    .addOption(new Option('--order <n>', '2: Hessian-vector products').choices(['1', '2']).default('1'))
    .option('--steps', 'each use of the chain rule, with its rule and the equations that follow')
    .addOption(new Option('--format <format>', 'what is written (default: math)').choices(formats))
    .option('--at <checkpoint>', 'work out the numbers of every step: init is a fresh trainer, else a checkpoint')
    .option('--batch <data|n>', 'for these rows: a data file, or the first n of the data (default: 4)', rowsOrFile)
    .option('--digits <n>', 'significant digits of numbers (default: 4)', wholeNumber(1, 17))
    .option(
      '-o, --output <file>',
      'again for more; the extension says the format: .txt .nn .tex .md .html .json',
      again,
    )
    .action(run);
}

/** What reads as a number says how many rows, anything else names a file. */
function rowsOrFile(text: string): number | string {
  return text.trim() === '' || !Number.isNaN(Number(text)) ? wholeNumber(1)(text) : text;
}

/** What is to be written where; undefined is standard output. */
interface Target {
  readonly path?: string;
  readonly format: Format;
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const targets = targetsOf(options, command);
  if (options.at === undefined && (options.batch ?? options.digits) !== undefined)
    command.error('error: --batch and --digits are for numbers: say where, as in --at init');
  if (options.at !== undefined && targets.some(({ format }) => format === 'nn'))
    command.error('error: --at works out numbers, and a model (nn) holds none');
  checkWritable(targets.map(({ path }) => path));
  const { check } = await import('../index.js');
  const { derivationOf } = await import('../inspect/derivation/derivation.js');
  const { unknownName } = await import('../inspect/derivation/select.js');
  const source = readSource(file);
  const { model, diagnostics } = check(source, { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  if (!model.training.loss && options.of === undefined)
    throw new Fault(lossAbsent({ model: model.name, what: 'derive' }));
  const parts = partsOf(model, options, unknownName, command);
  const [first, ...others] = parts;
  const single = targets.find(({ format }) => !combined.has(format));
  if (others.length > 0 && single)
    command.error(
      `error: --format ${single.format} shows one train block: say which, as in --block ${first.block ?? ''}`,
    );
  const unknown = unknownName(first.model, options);
  if (unknown) command.error(unknownText(model, unknown));
  const contents = targets.map((): string[] => []);
  for (const part of parts) {
    const derivation = derivationOf(part.model, { ...options, order: options.order === '2' ? 2 : 1 });
    const worked = options.at === undefined ? undefined : await workedOut(part.model, derivation, source, options);
    for (const [i, { format }] of targets.entries()) {
      const text = await printed(format, part.model, derivation, { ...options, ...worked, source: source.text });
      const heading = others.length > 0 ? (combined.get(format)?.(part.block ?? '') ?? '') : '';
      contents[i].push(heading + text);
    }
  }
  const made: { readonly path: string; readonly content: string }[] = [];
  for (const [i, { path }] of targets.entries()) {
    const content = contents[i].join('\n');
    if (path === undefined || path === '-') standardOutput.write(content);
    else made.push({ path, content });
  }
  writeFiles(made);
}

/** Formats that show one train block after another, each under a heading. */
const combined: ReadonlyMap<Format, (block: string) => string> = new Map([
  ['math', (block: string) => `// train ${block}\n\n`],
  ['latex', (block: string) => `% train ${block}\n\n`],
  ['markdown', (block: string) => `# train ${block}\n\n`],
]);

/** The model, or of several train blocks each that has what is asked for. */
function partsOf(
  model: ModelGraph,
  { block, of, wrt }: Options,
  unknownName: (model: ModelGraph, options: Pick<Options, 'of' | 'wrt'>) => Unknown | undefined,
  command: Command,
): readonly { readonly model: ModelGraph; readonly block?: string }[] {
  const names = model.players.flatMap(({ name }) => name ?? []);
  if (block !== undefined && !names.includes(block)) {
    const there = names.length === 0 ? 'the model has no train block with a name' : `there is ${names.join(', ')}`;
    command.error(`error: --block ${visible(block)}: ${there}`);
  }
  const wanted = block === undefined ? (of === undefined ? names : []) : [block];
  const parts = wanted.map((name) => ({ model: onlyPlayer(model, name), block: name }));
  const able = parts.length > 1 && wrt ? parts.filter((part) => !unknownName(part.model, { wrt })) : parts;
  return able.length > 0 ? able : [{ model }];
}

/** So many names are listed. */
const mostNames = 8;

function unknownText({ name: model }: ModelGraph, { option, name, type, known, near }: Unknown): string {
  const what =
    type !== undefined
      ? `${name} is ${type}, not a scalar of f32`
      : `${model} ${option === 'wrt' ? 'has nothing that fits' : 'differentiates no'} ${name}`;
  const none = option === 'wrt' ? 'it depends on nothing that can be named' : `${model} has no scalar`;
  const more = known.length > mostNames ? ` and ${known.length - mostNames} more` : '';
  const there = known.length === 0 ? none : `there is ${known.slice(0, mostNames).join(', ')}${more}`;
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return `error: --${option} ${visible(name)}: ${what}; ${there}${meant}`;
}

/** The numbers of every step; whoever reads them is told where they are made up. */
async function workedOut(
  model: ModelGraph,
  derivation: Derivation,
  source: Source,
  options: Options,
): Promise<{ readonly numbers: Numbers; readonly digits?: number }> {
  const { numbersAt } = await import('./gradNumbers.js');
  const { numbersOf } = await import('../inspect/derivation/numbers.js');
  const { at, madeUp } = await numbersAt(model, source, options);
  if (madeUp) standardError.write(`${model.name} names no data: the rows are made up\n`);
  return { numbers: numbersOf(model, derivation, at), ...(options.digits !== undefined && { digits: options.digits }) };
}

function targetsOf({ output, format }: Options, command: Command): readonly Target[] {
  const target = (path?: string): Target => ({ path, format: formatFor(path, format, written, command) });
  return output ? output.map(target) : [target()];
}

async function printed(
  format: Format,
  model: ModelGraph,
  derivation: Derivation,
  options: TextOptions & { readonly at?: string; readonly source: string },
): Promise<string> {
  switch (format) {
    case 'math':
      return (await import('../inspect/print/text.js')).printText(derivation, options);
    case 'nn':
      return (await import('../inspect/print/nn.js')).printModel(model, derivation);
    case 'latex':
      return (await import('../inspect/print/latex.js')).printLatex(derivation, options);
    case 'markdown':
      return (await import('../inspect/print/latex.js')).printMarkdown(derivation, options);
    case 'html':
      return (await import('../inspect/print/html/page.js')).printDerivationPage(model, derivation, options);
    case 'json':
      return (await import('../inspect/print/json.js')).printJson(derivation, options);
    default:
      return format satisfies never;
  }
}
