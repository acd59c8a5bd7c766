// Layers that go along sequences.
import { callOf, type Line } from '../draft.js';
import { activationIn, activationStage } from './activations.js';
import { cellName, cellText, isOwn, type CellOf } from './cells.js';
import { channelsLast, unsupported, type Flow, type Importing } from './flow.js';
import { isRecord, type KerasLayer } from './json.js';
import { numberIn, sizeIn } from './numbers.js';
import type { Handler } from './windows.js';

const cells: Readonly<Record<string, CellOf['name']>> = { SimpleRNN: 'rnn', LSTM: 'lstm', GRU: 'gru' };

/** What cannot be said. */
function objection(layer: KerasLayer, file: string): string | undefined {
  const { config } = layer;
  if (config.go_backwards === true) return 'it goes backwards';
  if (config.stateful === true) return 'it keeps its state from batch to batch';
  if (config.return_state === true) return 'it gives its state as well';
  if (['dropout', 'recurrent_dropout'].some((key) => numberIn(file, layer, key, 0) > 0))
    return 'it drops out within its cell: write dropout before it';
  return undefined;
}

/** The cell of a layer, whose functions may be the file's own. */
function cellOf(name: CellOf['name'], layer: KerasLayer, { file, draft, third }: Importing): CellOf {
  const { config } = layer;
  const named = (key: string, usual: string): string => {
    const activation = activationIn(config[key] ?? usual);
    const text = activation === 'softmax' ? undefined : activationStage(activation, draft, third);
    if (text === undefined || text === '') throw unsupported(file, layer, `its ${key} is ${activation}`);
    return text;
  };
  // Keras 3 resets after the product where nothing says; of TensorFlow.js nothing else is known than before.
  const before = name === 'gru' && config.reset_after !== true && !(third && config.reset_after === undefined);
  const gate = name === 'rnn' ? 'sigmoid' : named('recurrent_activation', 'sigmoid');
  return { name, gate, activation: named('activation', 'tanh'), before };
}

const recurrent: Handler = (layer, given, importing) => along(layer, layer, given, importing, (call) => call);

/** The last position alone, unless all are wanted. */
function along(
  outer: KerasLayer,
  cell: KerasLayer,
  given: readonly Flow[],
  importing: Importing,
  around: (call: string) => string,
): Flow {
  const { file, draft } = importing;
  const name = cells[cell.kind];
  if (!name)
    throw unsupported(file, outer, `it holds a ${cell.kind}`, 'of recurrent layers there are SimpleRNN, LSTM and GRU');
  const reason = objection(cell, file);
  if (reason !== undefined) throw unsupported(file, outer, reason);
  if (given.length !== 1) throw unsupported(file, outer, 'it is given the state that it starts from');
  const flow = channelsLast(given[0], draft);
  const units = sizeIn(file, cell, 'units');
  const isBoth = outer !== cell;
  const made = cellOf(name, cell, importing);
  const called = isOwn(made) ? draft.define(cellName(made), cellText(made)) : name;
  const line = draft.pipe(flow.line, {
    text: around(callOf(called, [String(units)], {})),
    layer: made.before ? 'gru_before' : name,
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
  const kind = String(inner.class_name);
  const cell = { ...layer, kind, config: inner.config, place: `${layer.place}.config.layer` };
  return along(layer, cell, given, importing, (call) => `bidirectional(${call})`);
};

export const recurrentLayers: Readonly<Record<string, Handler>> = {
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional: bidirectional,
};
