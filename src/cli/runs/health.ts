// What a run is looked at besides its losses: norms of gradients and updates, activations, features and the order of rows; and what is
// warned of by them.
import * as messages from '../../diagnostics/health.js';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import type { InputArrays } from '../../data/dataset.js';
import { featuresOf, unscaled, type Feature } from '../../inspect/health/features.js';
import { layersOf } from '../../inspect/health/layers.js';
import { limits } from '../../inspect/health/limits.js';
import { layerOfParameter } from '../../inspect/explain/owners.js';
import {
  exploding,
  grown,
  strides,
  vanishing,
  weightsOf,
  type Look,
  type Stride,
  type Uneven,
  type Weight,
} from '../../inspect/health/norms.js';
import { placeOf, ratePlace, settingPlace } from '../../inspect/health/places.js';
import { ratesOf } from '../../inspect/health/schedules.js';
import { activeLayers, awakeUnits, digits, histogramOf, type ActiveLayer } from '../../inspect/health/units.js';
import { labelOf, titleOf, titleText } from '../../ir/labels.js';
import { isOp, type Node } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import type { TrainerProgram } from '../../ir/program.js';
import { sizeIn } from '../../ir/toldSizes.js';
import type { Trainer, Values } from '../trainer.js';
import { gathering, type Gathered } from './gathered.js';
import { labelsSeen } from './labelsSeen.js';
import type { StepRecord } from './metrics.js';
import { pointBefore } from './point.js';
import { samplingOf } from './samples.js';
import { readNorms } from './readNorms.js';

export interface Examined {
  readonly trainer: Trainer;
  readonly model: ModelGraph;
  readonly program: TrainerProgram;
  readonly seed: number;
  readonly batch: number;
  /** Calls of step that the run has, and updates, where that is known; and how many calls are made already. */
  readonly total: number | undefined;
  readonly updates: number | undefined;
  readonly calls: number;
  /** `key`: what is warned of once. */
  warn(warning: Diagnostic, key?: string): void;
}

export interface Health {
  before(call: number, inputs: InputArrays): Promise<void>;
  after(call: number, losses: Values): void;
  /** What has been looked at since the last time. */
  taken(): Partial<StepRecord>;
  /** The run is over. */
  end(): Promise<void>;
}

export function healthOf(examined: Examined): Health {
  const { trainer, model, program, batch, total, calls: begun } = examined;
  const layers = layersLooked(examined);
  const sampling = samplingOf(program, batch, total, layers.work);
  const norms = normsLooked(examined);
  const rows = gathering(model, layers.rows);
  const ahead = Math.ceil(layers.rows / batch);
  const labels = begun === 0 ? labelsSeen(program, warnOfOrder(examined)) : undefined;
  const rate = ratesOf(model, examined.updates ?? 1).at(0);
  let taken: Partial<StepRecord> = {};
  let looked = begun > 0;
  const lookAtRows = async (call: number): Promise<void> => {
    const gathered = rows.take();
    if (gathered) taken = { ...taken, ...(await layers.look(gathered, call, !looked)) };
    looked = true;
  };
  return {
    async before(call, inputs) {
      labels?.see(inputs);
      if (sampling.nextLayers(call) - call < ahead || !looked) rows.add(inputs);
      if (sampling.layers(call)) await lookAtRows(call);
      if (sampling.norms(call)) await norms.before(inputs);
    },
    after(call, losses) {
      const found = norms.after(call, losses);
      if (found) taken = { ...taken, ...found };
    },
    taken() {
      const all = taken;
      taken = {};
      if (!rate) return all;
      return { learningRate: digits(rate.at(Math.max(1, trainer.stepCount)) * trainer.learningRateScale), ...all };
    },
    async end() {
      labels?.end();
      if (!looked) await lookAtRows(trainer.stepCount);
      norms.end();
    },
  };
}

/** Gradients, weights and what steps make of them. */
function normsLooked(examined: Examined) {
  const { trainer, model } = examined;
  const looks: Look[] = [];
  const reading = readNorms(trainer, model);
  const judge = normsJudged(examined);
  return {
    before: reading.before,
    after(call: number, losses: Values): Partial<StepRecord> | undefined {
      const norms = reading.after();
      if (!norms) return undefined;
      looks.push({ call, loss: losses.loss, norms });
      // What is long past is looked at no more, but for the beginning.
      if (looks.length > 40) looks.splice(limits.strides.value, 1);
      judge(looks, false);
      const rounded = [...norms].map(([name, { weight, gradient, update }]) => [
        name,
        { weight: digits(weight), gradient: digits(gradient), update: digits(update) },
      ]);
      return { norms: Object.fromEntries(rounded) as StepRecord['norms'] };
    },
    end: () => judge(looks, true),
  };
}

/** Warns of what norms tell. */
function normsJudged({ model, updates, warn }: Examined) {
  const weights = weightsOf(model);
  const place = placeOfParameter(model, weights);
  const warnOfStride = (stride: Stride & { readonly steps: number }, call: number): void => {
    const player = model.players.find((p) => p.updates.some((u) => u.parameter === stride.parameter))?.name;
    const rate = ratesOf(model, updates ?? 1)
      .find((r) => r.player === player)
      ?.at(call + 1);
    const told = { ...stride, ...(rate !== undefined && { rate }) };
    warn(messages.learningRate({ ...told, span: ratePlace(model, player) }));
  };
  return (looks: readonly Look[], atEnd: boolean): void => {
    const [first, last] = [looks.at(0), looks.at(-1)];
    if (!first || !last) return;
    const steps = last.call + 1;
    const stride = strides(looks, weights, atEnd);
    if (stride) warnOfStride(stride, last.call);
    const more = grown(looks);
    const loss = [first.loss, last.loss] as const;
    if (more) warn(messages.explodingGradient({ ...more, by: 'step', span: ratePlace(model), steps, loss }));
    const [large, small] = [exploding(looks, weights), vanishing(looks, weights)];
    const spans = ({ far, near }: Uneven) => ({ span: place(far), nearSpan: place(near), steps });
    if (large) warn(messages.explodingGradient({ ...large, by: 'layer', ...spans(large) }));
    if (small) warn(messages.vanishingGradient({ ...small, ...spans(small) }));
  };
}

/** Where a parameter's layer is called, or the parameter declared; of a bias the matrix beside it is what is to be looked at. */
function placeOfParameter(model: ModelGraph, weights: readonly Weight[]): (name: string) => Span {
  const nodes = parameterNodes(model);
  return (name) => {
    const layer = layerOfParameter(name);
    const isVector = weights.some((w) => w.name === name && w.vector);
    const beside = weights.find((w) => !w.vector && layerOfParameter(w.name) === layer)?.name;
    const node = nodes.get(isVector && beside !== undefined ? beside : name);
    return node ? placeOf(node, model) : ratePlace(model);
  };
}

/** The product that a parameter goes into first, which its layer's call made. */
function parameterNodes({ training: { loss } }: ModelGraph): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>();
  for (const node of reachable(loss ? [loss] : []))
    for (const of of [node, ...node.inputs])
      if (isOp(of, parameter) && !found.has(of.attrs.name)) found.set(of.attrs.name, of.origin ? of : node);
  return found;
}

/** Operations that a look at activations may take at most. */
const mostWork = 6e7;

/** Activations, and what the first layers are fed with. */
function layersLooked({ trainer, model, seed, warn }: Examined) {
  const active = activeLayers(model);
  const features = featuresOf(model);
  const nodes = [...active.map(({ node }) => node), ...features.map(({ node }) => node)];
  const rowsName = rowsNameOf(model);
  const reader = rowsName === undefined || nodes.length === 0 ? undefined : layersOf(nodes, rowsName);
  const most = limits.rowsOfLook.value;
  const rows = reader ? Math.min(most, Math.floor((most * mostWork) / reader.work(most))) : 0;
  /** Of each unit, for how many rows it has given nothing but 0. */
  const silent = new Map(active.map((layer) => [layer, new Int32Array(layer.units)]));
  const silentUnits = (layer: ActiveLayer, values: Float64Array, count: number, call: number): number => {
    const awake = awakeUnits(layer, values, count);
    const since = silent.get(layer) ?? new Int32Array(layer.units);
    for (let i = 0; i < awake.length; i++) since[i] = awake[i] ? 0 : since[i] + count;
    const dead = since.filter((of) => of >= limits.deadRows.value).length;
    if (dead > limits.deadShare.value * layer.units) {
      const told = { layer: layer.name, dead, units: layer.units, rows: Math.max(...since), steps: call };
      warn(messages.deadUnits({ ...told, span: placeOf(layer.node, model) }), `dead-units ${layer.name}`);
    }
    return awake.filter((is) => is === 0).length;
  };
  return {
    rows,
    work: reader && rows > 0 ? reader.work(rows) : 0,
    async look({ inputs, rows: count }: Gathered, call: number, first: boolean): Promise<Partial<StepRecord>> {
      if (!reader || rows === 0 || !reader.inputs.every((name) => Object.hasOwn(inputs, name))) return {};
      const point = reader.states
        ? await pointBefore({ trainer, model, seed }, inputs)
        : {
            seed,
            sizeOf: () => count,
            inputs,
            parameters: new Map(Object.entries(trainer.parameters)),
            states: new Map(),
          };
      const values = reader.valuesAt(point, count);
      if (first) for (const feature of features) warnOfScale(feature, values.get(feature.node), count, model, warn);
      const told = active.map((layer) => {
        const found = values.get(layer.node) ?? new Float64Array(0);
        const dead = layer.canDie ? { dead: silentUnits(layer, found, count, call), units: layer.units } : {};
        return [layer.name, { ...dead, histogram: histogramOf(found) }] as const;
      });
      const weights = model.parameters.flatMap(({ name, trained }) => {
        const of = trainer.parameters[name];
        return trained && of.length >= 8 && of.length <= 2 ** 22 ? [[name, histogramOf(of)] as const] : [];
      });
      return { layers: Object.fromEntries(told), weights: Object.fromEntries(weights.slice(0, mostHistograms)) };
    },
  };
}

const mostHistograms = 64;

function warnOfScale(
  { node, product }: Feature,
  values: Float64Array | undefined,
  rows: number,
  model: ModelGraph,
  warn: Examined['warn'],
): void {
  const found = values && unscaled(node, values);
  if (!found) return;
  const value = isOp(node, input) ? node.attrs.name : titleText(labelOf(node) ?? titleOf(node));
  warn(messages.unscaledFeatures({ ...found, value, span: placeOf(product, model), rows }));
}

function warnOfOrder({ model, warn }: Examined): Parameters<typeof labelsSeen>[1] {
  return (found) => {
    const setting = model.train.shuffle === false ? 'shuffle' : 'data';
    warn(messages.sortedData({ ...found, span: settingPlace(model, setting) }));
  };
}

/** The run-time size that counts the rows of data. */
function rowsNameOf({ inputs }: ModelGraph): string | undefined {
  return inputs.flatMap(({ type: { shape } }) => (shape.length === 0 ? [] : (sizeIn(shape[0].size) ?? [])))[0];
}
