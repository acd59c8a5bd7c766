// What `nnc export --stablehlo` writes of a model: modules, and the manifest that says what their functions take and give.
import { version } from '../../embedded.js';
import { fingerprint } from '../../ir/fingerprint.js';
import { evaluateSizes } from '../../ir/index.js';
import { baseName } from '../../ir/source.js';
import type { ModelGraph, Named } from '../../ir/model.js';
import { passOf } from '../../ir/program.js';
import { evaluationResults, observedStates, predictGraph, stepGraph, type Next, type StepGraph } from '../graphs.js';
import {
  moduleText,
  writeFunction,
  type Given,
  type Outline,
  type Signature,
  type WrittenFunction,
} from './functions.js';
import { requireBatch, requireRows, rowsOf } from './sizes.js';
import { dtypeOf, type SizeOf } from './types.js';

/** A function, and the file that holds it. */
interface Called extends Signature {
  readonly file: string;
}

/** What a train block does in a step. */
interface Block {
  /** Only one of several has a name. */
  readonly name?: string;
  /** Its turn is at each so many-th step. */
  readonly every: number;
  /** So many passes make an update: `accumulate` but for the last, which is `step`. */
  readonly passes: number;
  readonly step: Called;
  readonly accumulate?: Called;
}

interface Shaped {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** manifest.json: what train.py knows of the model. */
export interface Manifest {
  readonly format: 'nnc stablehlo 1';
  readonly nnc: string;
  readonly model: string;
  /** Of the model's text, as in checkpoints. */
  readonly source: string;
  readonly batch: number;
  /** `rows`: it has a row for each example. */
  readonly inputs: readonly (Shaped & { readonly rows: boolean })[];
  /** What a whole checkpoint holds, in its order. */
  readonly tensors: readonly Shaped[];
  /** In the order of their turns; none where the model has no train block. */
  readonly blocks: readonly Block[];
  /** Where the model has outputs; losses; something to know of its data before the first step. */
  readonly predict?: Called | undefined;
  readonly evaluate?: Called | undefined;
  readonly observe?: Called | undefined;
  /** The names of losses and metrics. */
  readonly losses: readonly string[];
  readonly metrics: readonly string[];
  /** Of several train blocks: the losses that the total is the sum of, where all have names. */
  readonly total: readonly string[];
  readonly train: Pick<
    ModelGraph['train'],
    'epochs' | 'seed' | 'validation' | 'test' | 'shuffle' | 'monitor' | 'patience' | 'plateau'
  >;
}

export interface Exported {
  /** By name: `predict.mlir`. */
  readonly modules: ReadonlyMap<string, string>;
  readonly manifest: Manifest;
}

/** Writes the modules of a model for batches of so many rows. Throws a fault where shapes are not static then, or the model requires others. */
export function exportModules(model: ModelGraph, batch: number): Exported {
  const sizeOf: SizeOf = (index) => evaluateSizes(index, () => batch);
  const step = stepGraph(model);
  const given: Given = { inputs: model.inputs, held: step.held };
  const modules = new Map<string, string>();
  const write = (file: string, outlines: readonly Outline[]): Called[] => {
    for (const { results, updates } of outlines)
      requireRows(
        model,
        [...results, ...updates].map(({ node }) => node),
      );
    const functions = outlines.map((outline) => writeFunction(outline, given, sizeOf));
    modules.set(file, moduleText(file.replace('.mlir', ''), headOf(model, batch), functions));
    return functions.map(({ signature }: WrittenFunction) => ({ ...signature, file }));
  };
  const one = (name: string, results: readonly Named[], updates: readonly Next[] = []): Called | undefined =>
    results.length + updates.length === 0 ? undefined : write(`${name}.mlir`, [{ name, results, updates }])[0];
  const { training, evaluation } = model;
  requireBatch(model, [...(step.passes.length > 0 ? training : evaluation).requirements], batch);
  const blocks = step.passes.length > 0 ? blocksOf(step, (outlines) => write('step.mlir', outlines)) : [];
  const functions = {
    predict: one('predict', predictGraph(model).outputs),
    evaluate: one('evaluate', evaluationResults(model)),
    observe: one('observe', [], observedStates(model)),
  };
  return { modules, manifest: manifestOf(model, { batch, sizeOf, step, blocks, ...functions }) };
}

function blocksOf({ passes }: StepGraph, write: (outlines: readonly Outline[]) => Called[]): Block[] {
  const outlines = passes.map(({ player: { name }, results, states, update, accumulate }) => [
    { name: passOf('step', name), results, updates: [...update, ...states] },
    ...(accumulate.length > 0
      ? [{ name: passOf('accumulate', name), results, updates: [...accumulate, ...states] }]
      : []),
  ]);
  const written = write(outlines.flat());
  let at = 0;
  return passes.map(({ player }, i): Block => {
    const [step, accumulate] = written.slice(at, (at += outlines[i].length));
    return {
      ...(player.name !== undefined && { name: player.name }),
      every: player.every,
      passes: player.accumulate,
      step,
      ...(accumulate && { accumulate }),
    };
  });
}

interface Parts {
  readonly batch: number;
  readonly sizeOf: SizeOf;
  readonly step: StepGraph;
  readonly blocks: readonly Block[];
  readonly predict?: Called | undefined;
  readonly evaluate?: Called | undefined;
  readonly observe?: Called | undefined;
}

function manifestOf(model: ModelGraph, { batch, sizeOf, step, ...functions }: Parts): Manifest {
  const { training, train } = model;
  const { epochs, seed, validation, test, shuffle, monitor, patience, plateau } = train;
  const shaped = ({ name, type }: Given['held'][number]): Shaped => ({
    name,
    shape: type.shape.map(({ size }) => sizeOf(size)),
    dtype: dtypeOf(type.element),
  });
  const names = training.losses.map(({ name }) => name);
  return {
    format: 'nnc stablehlo 1',
    nnc: version,
    model: model.name,
    source: sourceOf(model),
    batch,
    inputs: model.inputs.map((input) => ({ ...shaped(input), rows: rowsOf(input) !== undefined })),
    tensors: step.held.map(shaped),
    ...functions,
    losses: names,
    metrics: training.metrics.map(({ name }) => name),
    total: model.players.every(({ name, losses }) => name !== undefined && losses !== undefined) ? names : [],
    train: { epochs, seed, validation, test, shuffle, monitor, patience, plateau },
  };
}

/** What checkpoints call the text of a model. */
export function sourceOf({ text }: ModelGraph): string {
  return `fnv1a-64:${fingerprint(text)}`;
}

function headOf({ name, file, sources }: ModelGraph, batch: number): readonly string[] {
  const [own = file] = sources.keys();
  return [`${name} of ${baseName(own)}, for batches of ${batch} rows`];
}
