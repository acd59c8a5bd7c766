// Models of Keras and TensorFlow.js as .nn: each call of a layer becomes a step of a pipeline, in the order of the file.
import { Fault, type Diagnostic } from '../../diagnostics/diagnostic.js';
import { Draft, type Line } from '../draft.js';
import { channelsLast, unsupported, type Flow, type Importing, type Sizes } from './flow.js';
import type { KerasLayer, KerasModel, TensorOf } from './json.js';
import { activated, endsInActivation, handlers } from './layers.js';
import { malformedLayer, sizeIn } from './numbers.js';

/** The model as a draft; what has no counterpart is told of all layers. `builtins`: names that no value may hide. */
export function draftOfKeras(
  file: string,
  model: KerasModel,
  { name, third, builtins }: { readonly name: string; readonly third: boolean; readonly builtins: Iterable<string> },
): { readonly draft: Draft; readonly diagnostics: readonly Diagnostic[] } {
  const draft = new Draft(name, builtins);
  const lacking = lackingIn(file, model);
  if (lacking.length > 0) return { draft, diagnostics: lacking };
  draft.shared = sharedIn(model, 1);
  const importing: Importing = { file, draft, third };
  try {
    const found = flowsOf(model, importing, undefined);
    found.forEach((flow, i) => putOut(flow, model.outputs[i], found.length, importing));
    return { draft, diagnostics: [] };
  } catch (error) {
    if (error instanceof Fault) return { draft, diagnostics: [error.diagnostic] };
    throw error;
  }
}

/** Layers of classes that there is nothing for. */
function lackingIn(file: string, { layers }: KerasModel): readonly Diagnostic[] {
  return layers.flatMap((layer) => {
    if (layer.model) return lackingIn(file, layer.model);
    if (layer.kind === 'InputLayer' || handlers.has(layer.kind)) return [];
    return [unsupported(file, layer, 'the library has no such layer').diagnostic];
  });
}

/** Layers that are applied more than once. */
function sharedIn({ layers }: KerasModel, times: number): ReadonlySet<string> {
  return new Set(
    layers.flatMap((layer): readonly string[] => {
      const count = times * Math.max(layer.calls.length, 1);
      if (layer.model) return [...sharedIn(layer.model, count)];
      return count > 1 ? [layer.name] : [];
    }),
  );
}

const keyOf = ({ layer, call }: TensorOf): string => `${layer} ${call}`;

/** The outputs of a model; `given`: what its inputs are, of a model within another. */
function flowsOf(model: KerasModel, importing: Importing, given: readonly Flow[] | undefined): readonly Flow[] {
  const { draft, file } = importing;
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  const uses = new Map<string, number>();
  for (const tensor of [...model.layers.flatMap(({ calls }) => calls.flat()), ...model.outputs])
    uses.set(keyOf(tensor), (uses.get(keyOf(tensor)) ?? 0) + 1);
  const known = new Map<string, Flow>(given?.map((flow, i) => [keyOf(model.inputs[i]), flow]));
  const open = new Set<string>();
  const flowOf = (tensor: TensorOf): Flow => {
    const key = keyOf(tensor);
    const before = known.get(key);
    if (before) return before;
    const layer = layers.get(tensor.layer);
    const call = layer?.calls[tensor.call];
    if (!layer || !call || open.has(key))
      throw unsupported(file, layer ?? missing(tensor), 'nothing gives what it is asked for');
    open.add(key);
    const made = madeBy(layer, call.map(flowOf), importing, model);
    const flow = (uses.get(key) ?? 0) > 1 ? { ...made, line: draft.bound(made.line) } : made;
    known.set(key, flow);
    return flow;
  };
  for (const layer of model.layers) layer.calls.forEach((_, call) => flowOf({ layer: layer.name, call }));
  return model.outputs.map(flowOf);
}

function missing({ layer }: TensorOf): KerasLayer {
  return { name: layer, kind: 'unknown', config: {}, place: 'inbound_nodes', calls: [] };
}

function madeBy(layer: KerasLayer, given: readonly Flow[], importing: Importing, model: KerasModel): Flow {
  const { draft, file } = importing;
  if (layer.kind === 'InputLayer') return inputOf(layer, importing, model);
  if (layer.model) {
    const found = flowsOf(layer.model, importing, given);
    if (found.length !== 1) throw unsupported(file, layer, 'a model within the model has several outputs');
    return found[0];
  }
  const handler = handlers.get(layer.kind);
  if (!handler || given.length === 0) throw unsupported(file, layer, 'it is given nothing');
  draft.called = { name: authorsName(layer), instance: draft.shared.has(layer.name) };
  const flow = handler(layer, given, importing);
  const ended = endsInActivation(layer.kind) ? activated(layer, flow, importing) : flow;
  draft.called = undefined;
  return ended;
}

/** What the author of the model called a layer; nothing where Keras named it. */
function authorsName({ name, kind }: KerasLayer): string | undefined {
  const own = kind.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const plain = name.replace(new RegExp(`_${kind}\\d+$`), '').replace(/_\d+$/, '');
  return [own, own.replaceAll('_', ''), kind.toLowerCase(), snake(kind)].includes(plain) ? undefined : name;
}

/** As Keras does: Conv2DTranspose as conv2d_transpose. */
function snake(kind: string): string {
  return kind
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function inputOf(layer: KerasLayer, { draft, file }: Importing, model: KerasModel): Flow {
  const sizes = shapeIn(file, layer);
  if (!sizes)
    throw unsupported(file, layer, 'the shape of what goes in is not told', 'give the first layer an input shape');
  const takers = model.layers.filter(({ calls }) => calls.flat().some((tensor) => tensor.layer === layer.name));
  const tables = takers.filter(({ kind }) => kind === 'Embedding');
  const classes = tables.length > 0 ? sizeIn(file, tables[0], 'input_dim') : undefined;
  if (tables.length > 0 && tables.length < takers.length)
    throw unsupported(file, layer, 'an Embedding takes it as indices, and another layer as numbers');
  const isNamed = !/^(x|input_?(layer)?(_?\d+)?(_\w+)?)$/i.test(layer.name);
  const usual = tables.length > 0 ? 'ids' : sizes.length === 3 ? 'image' : 'x';
  const free = sizes.length === 3 ? ['h', 'w', 'c'] : ['T', 'n', 'm'];
  const shape = ['batch', ...sizes.map((size, i) => size ?? free[i] ?? `n${i}`)].join(', ');
  const type = classes !== undefined ? `index(${classes})[${shape}]` : `[${shape}]`;
  return { line: draft.input(isNamed ? layer.name : usual, type), sizes, first: false };
}

/** The shape of one example, in which a size may be open. */
function shapeIn(file: string, layer: KerasLayer): Sizes | undefined {
  const { config } = layer;
  const key = ['batch_input_shape', 'batch_shape', 'input_shape'].find((name) => Array.isArray(config[name]));
  const shape = key === undefined ? undefined : config[key];
  if (Array.isArray(shape)) {
    const isWhole = (size: unknown): boolean => size === null || (Number.isSafeInteger(size) && Number(size) > 0);
    const found: readonly unknown[] = key === 'input_shape' ? shape : shape.slice(1);
    if (!found.every(isWhole))
      throw malformedLayer(
        file,
        layer,
        `has ${key} ${JSON.stringify(shape)}, whose sizes should be whole numbers from 1 up, or null`,
      );
    return found.map((size) => (typeof size === 'number' ? size : undefined));
  }
  const one = typeof config.input_length === 'number' ? 'input_length' : 'input_dim';
  if ((config[one] ?? undefined) === undefined || (one === 'input_dim' && !('units' in config))) return undefined;
  return [sizeIn(file, layer, one)];
}

/** An output by its layer's name; behind logits, a probability. */
function putOut(given: Flow, tensor: TensorOf, count: number, importing: Importing): void {
  const { draft } = importing;
  const { line } = channelsLast(given, draft);
  const last = line.stages.at(-1);
  const isProbability = last?.text === 'softmax' || last?.text === 'sigmoid';
  const wish = last?.name ?? (count > 1 ? tensor.layer : isProbability ? 'probability' : 'y');
  if (!isProbability || line.stages.length === 1) return draft.output(line, wish);
  const before: Line = { ...line, stages: line.stages.slice(0, -1) };
  const logits = draft.bound(before, last.name === undefined && count === 1 ? 'logits' : `${wish}_logits`);
  draft.output({ ...logits, stages: [{ text: last.text }] }, wish);
}
