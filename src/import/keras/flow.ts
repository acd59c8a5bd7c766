// Values on their way through a Keras model: their shapes there, and how they lie here.
import { Fault } from '../../diagnostics/diagnostic.js';
import { importUnsupported } from '../../diagnostics/imports.js';
import type { Draft, Line, Stage } from '../draft.js';
import type { KerasLayer } from './json.js';

/** Without the batch, in Keras' order; undefined where any size will do. */
export type Sizes = readonly (number | undefined)[];

export interface Flow {
  readonly line: Line;
  readonly sizes: Sizes;
  /** The channels come first here, and last there: [c, h, w] of [h, w, c], [c, t] of [t, c]. */
  readonly first: boolean;
}

/** What the importing of one file has at hand. */
export interface Importing {
  readonly file: string;
  readonly draft: Draft;
  /** Of Keras 3. */
  readonly third: boolean;
}

/** Leaves a layer that has no counterpart. */
export function unsupported(file: string, { name, kind, place }: KerasLayer, reason: string, help?: string): Fault {
  return new Fault(importUnsupported({ file, what: `the layer ${name} (${kind})`, place, reason, help }));
}

/** As the library's layers of images and sequences take it. */
export function channelsFirst(flow: Flow, draft: Draft): Flow {
  const { sizes, line } = flow;
  if (flow.first || sizes.length < 2) return flow;
  const turn = (): Line =>
    draft.expression([line], (x) => (sizes.length === 2 ? `transpose(${x})` : `permute(${x}, [0, 3, 1, 2])`));
  // Several layers may take an input.
  const turned = line.stages.length === 0 && draft.isInput(line.head) ? draft.once(line.head, turn, 'x') : turn();
  return { line: turned, sizes, first: true };
}

/** As Keras has it. */
export function channelsLast(flow: Flow, draft: Draft): Flow {
  const { sizes, line } = flow;
  if (!flow.first) return flow;
  const turned = draft.expression([line], (x) =>
    sizes.length === 2 ? `transpose(${x})` : `permute(${x}, [0, 2, 3, 1])`,
  );
  return { line: turned, sizes, first: false };
}

/** The value through a stage that keeps its shape. */
export function through(flow: Flow, stage: Stage, draft: Draft, sizes: Sizes = flow.sizes): Flow {
  return { ...flow, line: draft.pipe(flow.line, stage), sizes };
}

/** Where axes of Keras, counted with the batch, are here. */
export function axisHere(axis: number, { sizes, first }: Flow): number {
  const rank = sizes.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  if (!first || at === 0) return at;
  return at === rank - 1 ? 1 : at + 1;
}
