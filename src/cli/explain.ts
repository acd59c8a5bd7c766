// `nnc explain`: what a model costs by layer and kernel, what comes of its lines, and what a value of it is.
import { basename } from 'node:path';
import { Option, type Command } from 'commander';
import { Fault } from '../diagnostics/diagnostic.js';
import { valueUnknown } from '../diagnostics/explain.js';
import type { Costs, Explanation } from '../inspect/explain/costs.js';
import type { Tables } from './explainText.js';
import type { Layer } from '../inspect/explain/tree.js';
import { intensityOf } from '../inspect/explain/units.js';
import type { MemoryUse } from '../inspect/memory.js';
import type { ModelGraph, Target } from '../index.js';
import { explainLine, explainModuleLine } from './explainLine.js';
import { explanationText, valueText, type Title } from './explainText.js';
import { readImport, readSource } from './files.js';
import { wholeNumber, withModelOptions, type ModelOptions } from './modelOptions.js';
import { standardOutput } from './output.js';
import { coloured, report } from './report.js';

export interface ExplainOptions extends ModelOptions {
  readonly line?: number;
  readonly target: Target;
  readonly batch?: number;
  readonly json?: boolean;
}

export function addExplain(program: Command): void {
  withModelOptions(program.command('explain'))
    .description('what a model costs by layer and kernel, what comes of a line of it, or what a value of it is')
    .argument('<file>', 'the .nn file, - for standard input; with --line also a module')
    .argument('[name]', 'a value or parameter: its shape, formula, what it depends on, its gradient')
    .option(
      '--line <n>',
      'the kernels and generated lines of this line; of a module, its lines of the model',
      wholeNumber(1),
    )
    .addOption(
      new Option('--target <target>', 'whose kernels').choices(['ts', 'wasm', 'wgsl'] satisfies Target[]).default('ts'),
    )
    .option('--batch <n>', 'rows in a step (default: as the model says)', wholeNumber(1))
    .option('--json', 'print it as JSON')
    .action(run);
}

async function run(file: string, name: string | undefined, options: ExplainOptions, command: Command): Promise<void> {
  if (name !== undefined && options.line !== undefined)
    command.error('error: a name and --line ask for different things: give one of them');
  const source = readSource(file);
  if (/\.m?[jt]s$/.test(file)) {
    if (options.line === undefined) command.error(`error: ${basename(file)} is a module: --line says which line of it`);
    explainModuleLine(file, source.text, options.line, options.json ?? false);
    return;
  }
  const { check } = await import('../index.js');
  if (options.line !== undefined) {
    await explainLine(source, options.line, options);
    return;
  }
  const { model, diagnostics } = check(source, { ...options, read: readImport });
  if (report(diagnostics) || !model) {
    process.exitCode = 1;
    return;
  }
  await (name === undefined ? printCosts(model, options) : explainName(model, name, options.json ?? false));
}

async function explainName(model: ModelGraph, name: string, json: boolean): Promise<void> {
  const { explainValue, nearestValue } = await import('../inspect/explain/value.js');
  const value = explainValue(model, name);
  if (!value) throw new Fault(valueUnknown({ model: model.name, name, near: nearestValue(model, name) }));
  standardOutput.write(
    json ? `${JSON.stringify({ version: 1, model: model.name, ...value }, null, 2)}\n` : `${valueText(value)}\n`,
  );
}

async function printCosts(model: ModelGraph, { target, batch, json }: ExplainOptions): Promise<void> {
  const { explainModel } = await import('../inspect/explain/explanation.js');
  const { sizes, explanation, tree, memory, tables } = explainModel(model, target, batch);
  const title: Title = { model: model.name, target, sizes };
  const { stdout } = process;
  const terminal = { colour: coloured(stdout), width: stdout.isTTY ? stdout.columns : undefined };
  standardOutput.write(
    json
      ? `${JSON.stringify(explanationData(title, explanation, tree, memory, tables), null, 2)}\n`
      : `${explanationText(title, explanation, tree, memory, tables, terminal)}\n`,
  );
}

/** The same as data: costs of layers with those in them (`total`) and without (`own`), the model first. */
function explanationData(
  title: Title,
  { entry, total, kernels, peak }: Explanation,
  tree: Layer,
  memory: MemoryUse,
  tables: Tables,
) {
  const all = total.forward + total.backward + total.update;
  const list = (layer: Layer): Layer[] => [layer, ...layer.layers.flatMap(list)];
  return {
    version: 1,
    ...title,
    sizes: Object.fromEntries(title.sizes),
    entry,
    total: costsData(total),
    layers: list(tree).map((layer) => ({
      path: layer.path,
      own: costsData(layer.own),
      total: costsData(layer.total),
    })),
    kernels: kernels.map(({ read, written, ops, ...kernel }) => ({
      ...kernel,
      ops: Object.fromEntries([...ops].map(([op, count]) => [op.name, count])),
      bytes: { read, written },
      intensity: intensityOf(kernel.flops, read + written),
      share: all === 0 ? 0 : kernel.flops / all,
    })),
    memory,
    ...(tables.size > 0 && {
      tables: Object.fromEntries([...tables].map(([name, { kind: rows, ...why }]) => [name, { rows, ...why }])),
    }),
    peak,
  };
}

function costsData({ trained, frozen, forward, backward, update, read, written, kept, peak, dispatches }: Costs) {
  const flops = forward + backward + update;
  return {
    parameters: { trained, frozen },
    flops: { forward, backward, update },
    bytes: { read, written },
    intensity: intensityOf(flops, read + written),
    kept,
    peak,
    dispatches,
  };
}
