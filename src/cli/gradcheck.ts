// `nnc gradcheck`: every gradient of a model held against central differences in double precision.
import { Option, type Command } from 'commander';
import { gradientUnproven, gradientZero, gradientWrong, lossNotFinite } from '../diagnostics/checks.js';
import { lossAbsent } from '../diagnostics/data.js';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import { lineSpan } from '../diagnostics/position.js';
import { counted } from '../diagnostics/quote.js';
import type { ModelGraph, Source, Target } from '../index.js';
import type { ParameterCheck } from '../inspect/check/gradients.js';
import type { Point } from '../inspect/check/point.js';
import { activityOn } from './activity.js';
import { readImport, readSource, textOf } from './files.js';
import { seedNumber, wholeNumber, withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardError, standardOutput } from './output.js';
import { coloured, report } from './report.js';
import type { SomeRows } from './rows.js';
import { tableLines, type Column } from './table.js';

interface Options extends ModelOptions {
  readonly batch: number;
  readonly seed?: number;
  readonly all?: boolean;
  readonly order: '1' | '2';
  readonly target?: Target;
  readonly json?: boolean;
}

/** The largest error that passes, relative to the largest element of a gradient: of derivatives, and of what a target computes in f32. */
export const limits = { derivative: 1e-6, target: 1e-4 } as const;

export function addGradcheck(program: Command): void {
  withModelOptions(program.command('gradcheck'))
    .description('compare every gradient with central differences in double precision')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('--batch <n>', "rows: the first of the model's data, or made-up ones", wholeNumber(1), 4)
    .option('--seed <n>', 'seed of the parameters, and of the elements that are drawn', seedNumber)
    .option('--all', 'every element of a parameter, in place of 20 and a direction through all')
    .addOption(
      new Option('--order <n>', '2: a Hessian-vector product against differences of the gradient')
        .choices(['1', '2'])
        .default('1'),
    )
    .addOption(
      new Option('--target <target>', 'check what a compiled trainer computes, in single precision').choices([
        'ts',
        'wasm',
        'wgsl',
      ] satisfies Target[]),
    )
    .option('--json', 'print the result as JSON')
    .action(run);
}

/** What was checked, and how. */
interface Result {
  readonly model: string;
  /** Of the data; absent where rows are made up. */
  readonly source?: string;
  readonly rows: number;
  readonly seed: number;
  readonly order: 1 | 2;
  readonly target?: Target;
  readonly limit: number;
  readonly passes: boolean;
  /** The largest error of all. */
  readonly error: number;
  readonly parameters: readonly ParameterCheck[];
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { target, order } = options;
  if (order === '2' && target) command.error('error: --target computes no second derivatives: leave out --order 2');
  if (order === '2' && options.all) command.error('error: --order 2 compares every element: leave out --all');
  const { check } = await import('../index.js');
  const source = readSource(file);
  const { model, diagnostics } = check(source, { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  const { rows, point } = await placeToCheck(model, file, options);
  const activity = activityOn(standardError, { lines: false });
  const seen = ({ name }: ParameterCheck): void => activity.now('gradcheck', name);
  const parameters = await checked(source, model, { rows, point }, options, seen).finally(activity.end);
  const limit = target ? limits.target : limits.derivative;
  const error = Math.max(0, ...parameters.map((p) => p.error));
  const result: Result = {
    model: model.name,
    ...(rows.source !== undefined && { source: rows.source }),
    rows: rows.count,
    seed: point.seed,
    order: order === '2' ? 2 : 1,
    ...(target && { target }),
    limit,
    passes: error <= limit,
    error,
    parameters,
  };
  standardOutput.write(options.json ? `${toJson(result)}\n` : `${textFor(result, rows)}\n`);
  if (report(findings(result, rows, model))) process.exitCode = 1;
}

/** Rows, and a fresh trainer's parameters; a `Fault` where the loss is no number there. */
export async function placeToCheck(
  model: ModelGraph,
  file: string,
  { batch, seed = model.train.seed }: Pick<Options, 'batch' | 'seed'>,
): Promise<{ readonly rows: SomeRows; readonly point: Point }> {
  const { loss } = model.training;
  if (!loss) throw new Fault(lossAbsent({ model: model.name, what: 'check' }));
  const { groundOf } = await import('../inspect/check/ground.js');
  const { pointOf } = await import('../inspect/check/point.js');
  const { arraysOf, firstRows } = await import('./rows.js');
  const pointAt = (rows: SomeRows): Point => pointOf(model, { inputs: arraysOf(rows), sizeOf: rows.sizeOf }, seed);
  const lossAt = (rows: SomeRows): number => groundOf([loss], pointAt(rows)).of(loss)[0];
  const rows = await firstRows(model, file, batch, (some) => Number.isFinite(lossAt(some)));
  const value = lossAt(rows);
  if (!Number.isFinite(value))
    throw new Fault(lossNotFinite({ model: model.name, loss: String(value), rows: rows.said }));
  return { rows, point: pointAt(rows) };
}

async function checked(
  source: Source,
  model: ModelGraph,
  { rows, point }: { readonly rows: SomeRows; readonly point: Point },
  options: Options,
  seen: (check: ParameterCheck) => void,
): Promise<readonly ParameterCheck[]> {
  const { target, all, order } = options;
  const { checkGradients, gradientsAt, leastShare } = await import('../inspect/check/gradients.js');
  if (target) {
    const { gradientsOn } = await import('./targets.js');
    const { gradients } = await gradientsOn(target, source, options, { rows, point }, model);
    return checkGradients(model, gradients, point, { all, limit: limits.target, least: leastShare, seen });
  }
  const { differentiateModel } = await import('../index.js');
  const { gradients } = differentiateModel(model);
  if (order === '2') {
    const { checkCurvature } = await import('../inspect/check/curvature.js');
    return checkCurvature(model, gradients, point, { limit: limits.derivative, seen });
  }
  return checkGradients(model, gradientsAt(gradients, point), point, { all, limit: limits.derivative, seen });
}

/** The worst of what is wrong, and what nothing is known of. */
export function findings(
  { parameters, limit, order, target }: Pick<Result, 'parameters' | 'limit' | 'order' | 'target'>,
  { said: rows }: Pick<SomeRows, 'said'>,
  model: ModelGraph,
): readonly Diagnostic[] {
  const failing = parameters.filter((p) => !(p.error <= limit)).sort((a, b) => b.error - a.error);
  const unproven = parameters.filter((p) => p.checked === 0 && p.leftOut > 0);
  const found = failing.slice(0, 1).map((p) => {
    const of = order === 2 ? 'the Hessian-vector product' : 'the gradient';
    const { at, error, gradient, differences } = p.worst ?? {
      at: 'direction',
      error: p.error,
      gradient: NaN,
      differences: NaN,
    };
    return gradientWrong({
      parameter: p.name,
      span: spanOf(p, model),
      what: target ? `${of} on ${target}` : of,
      ...(at !== 'direction' && { place: placeText(at) }),
      gradient: shortened(gradient),
      differences: shortened(differences),
      error: shortened(error),
      limit: limit.toExponential(0),
      failing: failing.length,
      declared: p.declared,
    });
  });
  const still = order === 2 ? [] : parameters.filter(isStill);
  const namesOf = (some: readonly ParameterCheck[]) => ({ parameters: some.map((p) => p.name) });
  return [
    ...found,
    ...(unproven.length > 0 ? [gradientUnproven(namesOf(unproven))] : []),
    ...(still.length > 0 ? [gradientZero({ ...namesOf(still), rows })] : []),
  ];
}

/** Whether the loss does not move with it, near the point. */
function isStill({ checked, largest, error }: ParameterCheck): boolean {
  return checked > 0 && largest === 0 && error === 0;
}

/** The line that a parameter comes from. */
function spanOf({ origin }: ParameterCheck, { file, text }: ModelGraph) {
  if (!origin) return undefined;
  const source = origin.file === file ? text : textOf(origin.file);
  return source === undefined ? undefined : lineSpan(origin.file, source, origin.line);
}

function textFor(result: Result, rows: SomeRows): string {
  const { model, order, target, limit, parameters, passes, error } = result;
  if (parameters.length === 0) return `${model}: the loss depends on no trained parameter, so nothing was compared`;
  const left = (title: string): Column => ({ title, align: 'left' });
  const right = (title: string): Column => ({ title, align: 'right' });
  const columns = [
    left('parameter'),
    right('line'),
    right('elements'),
    right('at a kink'),
    right('largest'),
    right('error'),
    left('worst at'),
  ];
  const cells = parameters.map((p) => [
    p.name,
    String(p.origin?.line ?? ''),
    p.checked + p.leftOut === p.count ? String(p.count) : `${p.checked + p.leftOut} of ${p.count}`,
    p.leftOut === 0 ? '' : String(p.leftOut),
    shortened(p.largest),
    shortened(p.error),
    p.worst === undefined ? '' : p.worst.at === 'direction' ? 'a direction' : placeText(p.worst.at),
  ]);
  const what = order === 2 ? 'a Hessian-vector product' : target ? `gradients on ${target}` : 'gradients';
  const against = order === 2 ? 'differences of the gradient' : 'central differences';
  const width = standardOutput.columns;
  const table = tableLines(columns, cells, { colour: coloured(standardOutput), ...(width !== undefined && { width }) });
  const worst = parameters.reduce<ParameterCheck | undefined>((a, b) => (a && a.error >= b.error ? a : b), undefined);
  const wrong = parameters.filter((p) => !(p.error <= limit)).length;
  const verdict = passes
    ? order === 1 && parameters.every(isStill)
      ? 'every gradient is 0 here, and so are differences: nothing was tested'
      : `${parameters.length === 1 ? '1 parameter agrees' : `all ${parameters.length} parameters agree`}: the largest error is ${shortened(error)} (${worst?.name}), the limit ${limit.toExponential(0)}`
    : `${wrong} of ${counted(parameters.length, 'parameter')} ${wrong === 1 ? 'does' : 'do'} not agree`;
  return [`${model}: ${what} against ${against} in double precision, at ${rows.said}`, ...table, verdict].join('\n');
}

/** What is not a number, or infinite, is null. */
function toJson({ parameters, ...result }: Result): string {
  const listed = parameters.map(({ origin, ...p }) => ({
    ...p,
    ...(origin && { file: origin.file, line: origin.line }),
  }));
  return JSON.stringify({ version: 1, ...result, parameters: listed }, undefined, 2);
}

const placeText = (at: readonly number[]): string => `[${at.join(', ')}]`;

/** Three digits that matter. */
export function shortened(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e4 ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}
