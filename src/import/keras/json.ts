// Models in JSON as Keras and TensorFlow.js write them: Sequential or functional, of either version, as one list of calls of layers.
import { Fault } from '../../diagnostics/diagnostic.js';
import { importMalformed, importUnsupported } from '../../diagnostics/imports.js';

export type Json = Readonly<Record<string, unknown>>;

/** A tensor of the model: which call of which layer gave it. */
export interface TensorOf {
  readonly layer: string;
  readonly call: number;
}

export interface KerasLayer {
  readonly name: string;
  readonly kind: string;
  readonly config: Json;
  /** Where it stands in the file. */
  readonly place: string;
  /** What each call of it is given. */
  readonly calls: readonly (readonly TensorOf[])[];
  /** What its first call is told besides, by name. */
  readonly told?: Json;
  /** A model within the model. */
  readonly model?: KerasModel;
}

export interface KerasModel {
  readonly name: string;
  /** In an order in which each comes after what it is given. */
  readonly layers: readonly KerasLayer[];
  readonly inputs: readonly TensorOf[];
  readonly outputs: readonly TensorOf[];
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const models: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model']);

/** The model that a text of JSON describes. Throws a Fault where it is none. */
export function modelIn(file: string, json: unknown): KerasModel {
  const malformed = (reason: string): Fault => new Fault(importMalformed({ file, reason }));
  if (!isRecord(json)) throw malformed('it is not an object of JSON');
  if (json.format === 'graph-model')
    throw malformed('it is a graph of TensorFlow operations: save it as a layers model, or export it as ONNX');
  const steps = ['modelTopology', 'model_config'];
  let [at, place]: [Json, string] = [json, ''];
  for (const step of steps) {
    const next = at[step];
    if (isRecord(next)) [at, place] = [next, `${place}${step}.`];
  }
  if (typeof at.class_name !== 'string' || !models.has(at.class_name))
    throw malformed(
      typeof at.class_name === 'string'
        ? `its class is ${at.class_name}: only Sequential and functional models are described by their layers`
        : 'it has no class_name',
    );
  return modelOf(file, at, `${place}config`);
}

function modelOf(file: string, { class_name: kind, config }: Json, place: string): KerasModel {
  const malformed = (reason: string): Fault => new Fault(importMalformed({ file, reason }));
  // Old files of Sequential have the list of layers itself.
  const described = Array.isArray(config) ? { layers: config } : config;
  if (!isRecord(described) || !Array.isArray(described.layers)) throw malformed(`${place} has no list of layers`);
  const list = described.layers.map((layer: unknown, i): Described => {
    const at = `${place}${Array.isArray(config) ? '' : '.layers'}[${i}]`;
    if (
      !isRecord(layer) ||
      typeof layer.class_name !== 'string' ||
      !(isRecord(layer.config) || Array.isArray(layer.config))
    )
      throw malformed(`${at} is not a layer with a class_name and a config`);
    const own = isRecord(layer.config) ? layer.config : {};
    const name = typeof layer.name === 'string' ? layer.name : typeof own.name === 'string' ? own.name : `layer_${i}`;
    const model = models.has(layer.class_name) ? modelOf(file, layer, `${at}.config`) : undefined;
    return { name, kind: layer.class_name, config: own, place: at, json: layer, model };
  });
  if (list.length === 0) throw malformed(`${place}${Array.isArray(config) ? '' : '.layers'} is empty`);
  refuseTwice(file, list);
  const name = typeof described.name === 'string' ? described.name : 'network';
  return kind === 'Sequential' ? sequence(name, list) : functional(file, name, described, list);
}

/** What layers are given is told by names. */
function refuseTwice(file: string, list: readonly Described[]): void {
  for (const { name } of list) {
    const places = list.filter((other) => other.name === name).map(({ place }) => place);
    if (places.length > 1)
      throw new Fault(
        importMalformed({ file, reason: `${places.length} layers are called ${name}`, place: places.join(', ') }),
      );
  }
}

interface Described extends Omit<KerasLayer, 'calls' | 'model'> {
  readonly json: Json;
  readonly model: KerasModel | undefined;
}

function layerOf({ name, kind, config, place, model }: Described, calls: KerasLayer['calls']): KerasLayer {
  return { name, kind, config, place, calls, ...(model && { model }) };
}

/** One after another, after an input, which the first layer may describe instead. */
function sequence(name: string, list: readonly Described[]): KerasModel {
  const [first] = list;
  const taken = new Set(list.map((layer) => layer.name));
  const free = ['x', ...list.map((_, i) => `input_${i + 1}`)].find((wish) => !taken.has(wish)) ?? 'input';
  const all: Described[] =
    first.kind === 'InputLayer'
      ? [...list]
      : [
          {
            name: free,
            kind: 'InputLayer',
            config: first.config,
            place: first.place,
            json: {},
            model: undefined,
          },
          ...list,
        ];
  const given = (i: number): TensorOf => ({ layer: all[i].name, call: 0 });
  return {
    name,
    layers: all.map((layer, i) => layerOf(layer, i === 0 ? [[]] : [[given(i - 1)]])),
    inputs: [given(0)],
    outputs: [given(all.length - 1)],
  };
}

function functional(file: string, name: string, config: Json, list: readonly Described[]): KerasModel {
  const malformed = (reason: string): Fault => new Fault(importMalformed({ file, reason }));
  const given = new Map(
    list.map((layer) => {
      const nodes = Array.isArray(layer.json.inbound_nodes) ? layer.json.inbound_nodes : [];
      return [layer.name, nodes.map((node) => tensorsIn(node, file, layer))] as const;
    }),
  );
  const ends = [config.input_layers, config.output_layers].map((of) => {
    const tensors = endsIn(of);
    if (!tensors || tensors.length === 0) throw malformed('it has no input_layers and output_layers');
    return tensors;
  });
  // A model within a model counts from the call that made it, and so do layers that other models have called.
  const first = new Map<string, number>();
  for (const { layer, call } of [...given.values()].flat(2).concat(ends.flat())) {
    const calls = given.get(layer)?.length ?? 0;
    first.set(layer, Math.max(first.get(layer) ?? 0, call - Math.max(calls, 1) + 1));
  }
  const counted = ({ layer, call }: TensorOf): TensorOf => ({ layer, call: call - (first.get(layer) ?? 0) });
  const layers = list.map((layer) => {
    const calls = (given.get(layer.name) ?? []).map((all) => all.map(counted));
    const [node] = Array.isArray(layer.json.inbound_nodes) ? layer.json.inbound_nodes : [];
    const told = isRecord(node) && isRecord(node.kwargs) ? node.kwargs : {};
    return { ...layerOf(layer, layer.kind === 'InputLayer' ? [[]] : calls), told };
  });
  const [inputs, outputs] = ends.map((all) => all.map(counted));
  return { name, layers, inputs, outputs };
}

/** [["a", 0, 0], …], or ["a", 0, 0] where there is one. */
function endsIn(value: unknown): readonly TensorOf[] | undefined {
  if (!Array.isArray(value)) return undefined;
  if (typeof value[0] === 'string') return endsIn([value]);
  const found = value.map((one: unknown) =>
    Array.isArray(one) && typeof one[0] === 'string' && typeof one[1] === 'number'
      ? { layer: one[0], call: one[1] }
      : undefined,
  );
  return found.every((one) => one !== undefined) ? found : undefined;
}

/** What one call is given: lists in Keras 2, tensors with their history in Keras 3. */
function tensorsIn(node: unknown, file: string, { name, kind, place }: Described): readonly TensorOf[] {
  if (isRecord(node)) return [...historiesIn(node.args), ...historiesIn(node.kwargs)];
  const ends = endsIn(node);
  if (!ends)
    throw new Fault(
      importUnsupported({
        file,
        what: `the layer ${name} (${kind})`,
        place,
        reason: 'what it is given is no list of tensors',
      }),
    );
  return ends;
}

function historiesIn(value: unknown): readonly TensorOf[] {
  if (Array.isArray(value)) return value.flatMap(historiesIn);
  if (!isRecord(value)) return [];
  const { config } = value;
  if (value.class_name !== '__keras_tensor__' || !isRecord(config)) return Object.values(value).flatMap(historiesIn);
  return endsIn(config.keras_history) ?? [];
}
