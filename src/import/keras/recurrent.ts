// Layers that go along sequences.
import { callOf, type Line } from '../draft.js';
import { activationIn } from './activations.js';
import { channelsLast, unsupported, type Flow, type Importing } from './flow.js';
import { isRecord, type KerasLayer } from './json.js';
import { numberIn } from './numbers.js';
import type { Handler } from './windows.js';

interface Cell {
  readonly name: 'rnn' | 'lstm' | 'gru';
  /** Of GRU: whether the reset comes after the product, where nothing says. */
  readonly resetsAfter?: boolean;
}

const cells: Readonly<Record<string, Cell>> = {
  SimpleRNN: { name: 'rnn' },
  LSTM: { name: 'lstm' },
  GRU: { name: 'gru' },
};

/** What the library's cells are not. */
function objection(kind: string, layer: KerasLayer, third: boolean): string | undefined {
  const { config } = layer;
  if (config.go_backwards === true) return 'it goes backwards';
  if (config.stateful === true) return 'it keeps its state from batch to batch';
  if (config.return_state === true) return 'it gives its state as well';
  if (numberIn(config, 'dropout', 0) > 0 || numberIn(config, 'recurrent_dropout', 0) > 0)
    return 'it drops out within its cell: write dropout before it';
  const activation = activationIn(config.activation ?? 'tanh');
  if (activation !== 'tanh') return `its activation is ${activation}, where the library has tanh`;
  const gates = activationIn(config.recurrent_activation ?? 'sigmoid');
  if (kind !== 'SimpleRNN' && gates !== 'sigmoid') return `its gates are ${gates}, where the library has sigmoid`;
  if (kind === 'GRU' && config.reset_after !== true && !(third && config.reset_after === undefined))
    return 'it resets before the product (reset_after = false), where the library does so after it';
  return undefined;
}

const recurrent: Handler = (layer, given, importing) => along(layer, layer, given, importing, (call) => call);

/** The last position alone, unless all are wanted. */
function along(
  outer: KerasLayer,
  cell: KerasLayer,
  given: readonly Flow[],
  { file, draft, third }: Importing,
  around: (call: string) => string,
): Flow {
  const known = cells[cell.kind];
  if (!known)
    throw unsupported(file, outer, `it holds a ${cell.kind}`, 'of recurrent layers there are SimpleRNN, LSTM and GRU');
  const reason = objection(cell.kind, cell, third);
  if (reason !== undefined) throw unsupported(file, outer, reason);
  if (given.length !== 1) throw unsupported(file, outer, 'it is given the state that it starts from');
  const flow = channelsLast(given[0], draft);
  const units = numberIn(cell.config, 'units', 0);
  const isBoth = outer !== cell;
  const line = draft.pipe(flow.line, {
    text: around(callOf(known.name, [String(units)], {})),
    layer: known.name,
    source: [outer.name],
    begins: true,
  });
  const width = isBoth ? 2 * units : units;
  if (cell.config.return_sequences === true) return { line, sizes: [flow.sizes[0], width], first: false };
  const last: Line = isBoth
    ? draft.expression([line], (h) => `concat([${h}[:, -1, :${units}], ${h}[:, 0, ${units}:]], axis = -1)`)
    : draft.expression([line], (h) => `${h}[:, -1]`);
  return { line: last, sizes: [width], first: false };
}

const bidirectional: Handler = (layer, given, importing) => {
  const { config } = layer;
  const inner = config.layer;
  const { file } = importing;
  if (!isRecord(inner) || !isRecord(inner.config)) throw unsupported(file, layer, 'it holds no layer');
  if (config.merge_mode !== 'concat' && config.merge_mode !== undefined)
    throw unsupported(
      file,
      layer,
      `its directions are merged by ${String(config.merge_mode)}, where the library joins them`,
    );
  const cell = { ...layer, kind: String(inner.class_name), config: inner.config };
  return along(layer, cell, given, importing, (call) => `bidirectional(${call})`);
};

export const recurrentLayers: Readonly<Record<string, Handler>> = {
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional: bidirectional,
};
