// When a run is looked at more closely than by its losses, so that it costs a few per cent of the time: by steps alone, since a run that
// is made again is looked at at the same ones.
import { flopsOfSteps } from '../../inspect/flops.js';
import { constantOf } from '../../ir/index.js';
import { stepOf, type TrainerProgram } from '../../ir/program.js';
import { elementCount } from '../../ir/types.js';

export interface Sampling {
  /** Are gradients read before this step? The first steps are, and then one in so many. */
  norms(call: number): boolean;
  /** Are activations looked at before this step? */
  layers(call: number): boolean;
  /** The next step before which they are. */
  nextLayers(call: number): number;
}

/** A gradient costs what a step does, and is made at one step in so many; in a long run at no more than so many steps. */
const oneIn = 64;
const mostNorms = 300;
/** Weights and gradients are read and written several times, each time by plain code: operations of a step that take as long. */
const perElement = 300;
/** Numbers that all looks at norms may give: files of runs shall stay small. */
const mostNumbers = 20_000;
const mostLayers = 12;
/** The reference evaluator takes so many times as long for an operation as a step does. */
const slower = 33;

/** `calls`: those of the run, where that is known. `work`: operations of a look at activations. */
export function samplingOf(program: TrainerProgram, batch: number, calls: number | undefined, work: number): Sampling {
  const step = stepOf(program);
  const size = (name: string): number => (name === '' ? 1 : batch);
  const own = Math.max(1, step ? flopsOfSteps(step.steps, size) : 1);
  const { parameters } = program.model;
  const elements = parameters.reduce((sum, { type }) => sum + (constantOf(elementCount(type)) ?? 0), 0);
  const length = calls ?? 0;
  const looks = Math.max(40, Math.min(mostNorms, mostNumbers / Math.max(1, parameters.length)));
  const norms = Math.ceil(Math.max(oneIn * (1 + (perElement * elements) / own), length / looks));
  const layers = Math.ceil(Math.max(256, length / mostLayers, (oneIn * slower * work) / own));
  const early = [16, 64, 128].filter((call) => call < layers);
  return {
    norms: (call) => call % norms === 0 || (call < norms && call <= 16 && (call & (call - 1)) === 0),
    layers: (call) => early.includes(call) || (call > 0 && call % layers === 0),
    nextLayers: (call) => early.find((at) => at >= call) ?? Math.max(layers, Math.ceil(call / layers) * layers),
  };
}
