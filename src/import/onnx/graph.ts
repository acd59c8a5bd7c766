// ONNX files as lists of nodes over named values, with the tensors that they hold as numbers.
import { Fault } from '../../diagnostics/diagnostic.js';
import { importMalformed } from '../../diagnostics/imports.js';
import * as elements from '../../data/elements.js';
import { messageIn, type Message } from '../../export/onnx/protobuf.js';

export interface OnnxTensor {
  /** As the file calls it; what was made of another keeps its name. */
  readonly name: string;
  readonly dims: readonly number[];
  readonly numbers: ArrayLike<number>;
  readonly isFloat: boolean;
}

export type OnnxAttribute = number | string | readonly number[] | OnnxTensor;

export interface OnnxNode {
  readonly operator: string;
  /** Where it stands in the file. */
  readonly place: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxInput {
  readonly name: string;
  readonly isFloat: boolean;
  /** A number, or the name of a size. */
  readonly dims: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

/** The graph of a file. Throws a Fault where it is none that can be read. */
export function graphIn(file: string, bytes: Uint8Array): OnnxGraph {
  const malformed = (reason: string): Fault => new Fault(importMalformed({ file, reason }));
  let model: Message;
  try {
    model = messageIn(bytes);
  } catch {
    throw malformed('it is not ONNX, or it is damaged');
  }
  const graph = recordOf(model.graph);
  if (!graph) throw malformed('it has no graph');
  const constants = new Map(
    listOf(graph.initializer).map((tensor) => [String(tensor.name), tensorIn(tensor, malformed)] as const),
  );
  const inputs = listOf(graph.input).filter(({ name }) => !constants.has(String(name)));
  return {
    name: String(graph.name),
    nodes: listOf(graph.node).map((node, i) => nodeIn(node, i, malformed)),
    constants,
    inputs: inputs.map((input) => inputIn(input, malformed)),
    outputs: listOf(graph.output).map(({ name }) => String(name)),
  };
}

function recordOf(value: unknown): Message | undefined {
  return typeof value === 'object' && value !== null ? (value as Message) : undefined;
}

function listOf(value: unknown): readonly Message[] {
  return Array.isArray(value) ? value : [];
}

function nodeIn(node: Message, i: number, malformed: (reason: string) => Fault): OnnxNode {
  const operator = String(node.opType);
  const name = String(node.name);
  const domain = String(node.domain);
  return {
    operator: domain === '' || domain === 'ai.onnx' ? operator : `${domain}.${operator}`,
    place: `graph.node[${i}]`,
    name,
    inputs: (node.input as readonly string[] | undefined) ?? [],
    outputs: (node.output as readonly string[] | undefined) ?? [],
    attributes: new Map(
      listOf(node.attribute).map((attribute) => [String(attribute.name), attributeIn(attribute, malformed)] as const),
    ),
  };
}

/** By `AttributeProto.type`; what has another is read as nothing of use, a 0. */
function attributeIn(attribute: Message, malformed: (reason: string) => Fault): OnnxAttribute {
  switch (Number(attribute.type)) {
    case 1:
      return Number(attribute.f);
    case 2:
      return Number(attribute.i);
    case 3:
      return new TextDecoder().decode(attribute.s as Uint8Array);
    case 4:
      return tensorIn(recordOf(attribute.t) ?? {}, malformed);
    case 6:
      return attribute.floats as readonly number[];
    case 7:
      return (attribute.ints as readonly bigint[]).map(Number);
    default:
      return 0;
  }
}

const kinds: ReadonlyMap<number, elements.Element> = new Map([
  [1, elements.f32],
  [2, elements.u8],
  [3, elements.i8],
  [6, elements.i32],
  [7, elements.i64],
  [9, elements.bool],
  [10, elements.f16],
  [11, elements.f64],
  [16, elements.bf16],
]);

const floats: ReadonlySet<number> = new Set([1, 10, 11, 16]);

function tensorIn(tensor: Message, malformed: (reason: string) => Fault): OnnxTensor {
  const dims = ((tensor.dims as readonly bigint[] | undefined) ?? []).map(Number);
  const kind = Number(tensor.dataType);
  const element = kinds.get(kind);
  if (!element) throw malformed(`its tensor ${String(tensor.name)} is of type ${kind}, which is not read`);
  if (listOf(tensor.externalData).length > 0) throw malformed('its weights lie in another file: save it as one file');
  const raw = (tensor.rawData as Uint8Array | undefined) ?? new Uint8Array();
  const count = dims.reduce((n, size) => n * size, 1);
  const listed = [tensor.floatData, tensor.int64Data, tensor.int32Data].find(
    (list) => Array.isArray(list) && list.length > 0,
  );
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const numbers = Array.isArray(listed)
    ? listed.map(Number)
    : Array.from({ length: raw.length / element.width }, (_, i) => element.read(view, i * element.width, true));
  if (numbers.length !== count)
    throw malformed(`its tensor ${String(tensor.name)} has ${numbers.length} numbers, not ${count}`);
  return { name: String(tensor.name), dims, numbers, isFloat: floats.has(kind) };
}

function inputIn(input: Message, malformed: (reason: string) => Fault): OnnxInput {
  const tensor = recordOf(recordOf(input.type)?.tensorType);
  if (!tensor) throw malformed(`its input ${String(input.name)} is no tensor`);
  const dims = listOf(recordOf(tensor.shape)?.dim).map(({ dimValue, dimParam }, i) =>
    typeof dimParam === 'string' && dimParam !== '' ? dimParam : Number(dimValue) > 0 ? Number(dimValue) : `n${i}`,
  );
  return { name: String(input.name), isFloat: floats.has(Number(tensor.elemType)), dims };
}
