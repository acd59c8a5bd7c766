// `nnc verify`: all that can be shown of a compiled model, as a certificate.
import { createHash } from 'node:crypto';
import { basename, dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { verificationFailed } from '../diagnostics/checks.js';
import { version } from '../embedded.js';
import type { ModelGraph, Source } from '../index.js';
import type { Hazard } from '../inspect/check/hygiene.js';
import type { ParameterCheck } from '../inspect/check/gradients.js';
import { activityOn, type Activity } from './activity.js';
import { checkWritable, keepingImports, readSource, writeFiles } from './files.js';
import { findings, limits as derivativeLimits, placeToCheck } from './gradcheck.js';
import { endGpu, gpuDevice } from './gpu.js';
import { seedNumber, wholeNumber, withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardError, standardOutput } from './output.js';
import { report } from './report.js';
import type { Start } from './targets.js';
import type { Outcome, Truth } from './verification/agreement.js';
import type { Engine } from './verification/compiled.js';

interface Options extends ModelOptions {
  readonly output: string;
  readonly batch: number;
  readonly seed?: number;
}

export function addVerify(program: Command): void {
  withModelOptions(program.command('verify'))
    .description('check gradients, targets, passes, repeatability and memory of a model, and write a certificate')
    .argument('<file>', 'the .nn file; - is standard input')
    .option('-o, --output <out>', 'the certificate, in JSON; - is standard output', '-')
    .option('--batch <n>', "rows: the first of the model's data, or made-up ones", wholeNumber(1), 4)
    .option('--seed <n>', 'seed of the parameters and of all draws', seedNumber)
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { output } = options;
  if (output !== '-' && resolve(output) === resolve(file)) command.error(`error: ${output} is the source itself`);
  checkWritable([output]);
  const { check } = await import('../index.js');
  const source = readSource(file);
  const { imports, read } = keepingImports();
  const { model, diagnostics } = check(source, { ...options, read });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  const activity = activityOn(standardError, { lines: true });
  const start = await placeToCheck(model, file, options);
  try {
    const found = await verified(source, model, options, start, activity);
    const head = headOf(source, imports, options, start);
    const passes = found.failures.length === 0;
    const certificate = `${JSON.stringify({ version: 1, model: model.name, ...head, passes, ...found.certificate }, undefined, 2)}\n`;
    activity.end();
    // A certificate is of what holds: what was there before stays where something fails.
    if (output === '-') standardOutput.write(certificate);
    else if (passes) writeFiles([{ path: output, content: certificate }]);
    report(findings(found.gradients, start.rows, model));
    report(
      found.failures.map(({ check: name, reason }) => verificationFailed({ model: model.name, check: name, reason })),
    );
    if (!passes) process.exitCode = 1;
  } finally {
    activity.end();
    await endGpu();
  }
}

/** What the certificate is of: nothing of when and where. */
function headOf(source: Source, imports: ReadonlyMap<string, string>, { set }: Options, { rows, point }: Start) {
  const hash = createHash('sha256');
  const files = [...imports].map(([path, text]) => [fileName(path, source), text] as const);
  for (const [name, text] of [
    [basename(source.file), source.text] as const,
    ...files.sort(([a], [b]) => (a < b ? -1 : 1)),
  ])
    hash.update(JSON.stringify([name, text]));
  return {
    file: basename(source.file),
    source: `sha256:${hash.digest('hex')}`,
    compiler: `nnc ${version}`,
    ...(set && { set }),
    rows: rows.count,
    data: rows.source ?? 'made up',
    seed: point.seed,
  };
}

/** As it is seen from the model's folder. */
function fileName(path: string, source: Source): string {
  return relative(dirname(resolve(source.file)), resolve(path)).replaceAll('\\', '/');
}

interface Verified {
  readonly failures: Outcome['failures'];
  readonly gradients: Parameters<typeof findings>[0];
  readonly certificate: object;
}

async function verified(
  source: Source,
  model: ModelGraph,
  options: Options,
  start: Start,
  activity: Activity,
): Promise<Verified> {
  const { differentiateModel } = await import('../index.js');
  const { groundOf } = await import('../inspect/check/ground.js');
  const { checkGradients, gradientsAt } = await import('../inspect/check/gradients.js');
  const { hazardsOf } = await import('../inspect/check/hygiene.js');
  const { loss } = model.training;
  if (!loss) throw new Error('a place to check has a loss');
  activity.now('gradients against central differences');
  const derived = differentiateModel(model);
  const truth: Truth = {
    loss: groundOf([loss], start.point).of(loss)[0],
    gradients: gradientsAt(derived.gradients, start.point),
  };
  const limit = derivativeLimits.derivative;
  const seen = ({ name }: ParameterCheck): void => activity.now('gradients', name);
  const parameters = checkGradients(model, truth.gradients, start.point, { limit, seen });
  const wrong = parameters.filter(({ error }) => !(error <= limit));
  const compared = await enginesCompared(source, options, start, truth, activity, model.train.mixed !== undefined);
  const { failures, ...rest } = compared;
  return {
    failures: [...wrong.map(({ name }) => ({ check: 'gradients', reason: `that of ${name} is wrong` })), ...failures],
    gradients: { parameters, limit, order: 1 },
    certificate: {
      gradients: { limit, parameters: parameters.map((p) => parameterOf(p)) },
      ...rest,
      warnings: hazardsOf(derived.model).map((hazard) => warningOf(hazard, source)),
    },
  };
}

function parameterOf({ name, count, checked, leftOut, error, origin }: ParameterCheck) {
  return { name, ...(origin && { line: origin.line }), count, checked, leftOut, error: Number(error.toPrecision(2)) };
}

function warningOf({ what, reason, file, line, calls }: Hazard, source: Source) {
  return { what, reason, file: fileName(file, source), line, ...(calls.length > 0 && { in: calls.join(' > ') }) };
}

/** Everything that targets are compared in. */
async function enginesCompared(
  source: Source,
  options: Options,
  start: Start,
  truth: Truth,
  activity: Activity,
  mixed: boolean,
) {
  const { build, nameOf } = await import('./verification/compiled.js');
  const { agreementOf, memoryOf, repetitionOf, sameBytes, withoutPass } = await import('./verification/agreement.js');
  const gpu = await gpuDevice();
  const hasGpu = gpu !== undefined && (!mixed || gpu.features.has('shader-f16'));
  const engines: readonly Engine[] = [
    { target: 'ts', threads: 1 },
    { target: 'wasm', threads: 1 },
    { target: 'wasm', threads: 2 },
    ...(hasGpu ? [{ target: 'wgsl', threads: 1 } as const] : []),
  ];
  const builds = new Map<Engine['target'], Awaited<ReturnType<typeof build>>>();
  const outcomes: Outcome[] = [];
  const kept = <O extends Outcome>(outcome: O): Omit<O, 'failures'> => {
    outcomes.push(outcome);
    const { failures, ...rest } = outcome;
    return { ...rest, passes: failures.length === 0 };
  };
  const [targets, optional, repeatability, memory]: object[][] = [[], [], [], []];
  let ofOneThread: Uint8Array | undefined;
  for (const engine of engines) {
    const on = nameOf(engine);
    activity.now(`${on}: loss and gradients`);
    const made = builds.get(engine.target) ?? (await build(engine.target, source, options));
    builds.set(engine.target, made);
    targets.push(kept(await agreementOf(made, engine, start, truth, on)));
    activity.now(`${on}: repeatability`);
    const { end, ...repeated } = await repetitionOf(made, engine, start);
    repeatability.push(kept(repeated));
    if (engine.target === 'wasm') {
      if (ofOneThread && !sameBytes(ofOneThread, end))
        outcomes.push({ failures: [{ check: on, reason: 'the numbers are not those of one thread, to the bit' }] });
      ofOneThread ??= end;
    }
    if (engine.threads > 1) continue;
    if (engine.target !== 'wgsl') memory.push(kept(await memoryOf(made, engine, start)));
    for (const pass of made.optional) {
      activity.now(`${on}: without ${pass}`);
      optional.push(kept(await withoutPass(pass, made, engine, { source, options, start, truth })));
    }
  }
  if (!hasGpu) targets.push({ on: 'wgsl', runs: false });
  return { targets, optional, repeatability, memory, failures: outcomes.flatMap(({ failures }) => failures) };
}
