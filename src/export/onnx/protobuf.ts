// An ONNX model as bytes: a bundle of its own with the protobuf library, loaded when a model is written or read.
import { create, createFileRegistry, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import { elementTypes, type Attribute, type Declared, type Graph, type Model, type Operation } from './model.js';
import { attributeTypes, schema, type FieldType, type MessageName } from './schema.js';

const irVersion = 10;

const scalars = new Map<FieldType, Type>([
  ['int32', Type.INT32],
  ['int64', Type.INT64],
  ['float', Type.FLOAT],
  ['string', Type.STRING],
  ['bytes', Type.BYTES],
]);

/** The message that holds a whole model. */
function modelSchema(): DescMessage {
  const names = Object.keys(schema) as MessageName[];
  const file = create(FileDescriptorProtoSchema, {
    name: 'onnx.proto',
    package: 'onnx',
    syntax: 'proto2',
    messageType: names.map((name) => ({
      name,
      field: Object.entries(schema[name]).map(([field, [number, of]]) => {
        const [type, label] = typeof of === 'string' ? [of, Label.OPTIONAL] : [of[0], Label.REPEATED];
        const scalar = scalars.get(type);
        return {
          name: field,
          number,
          label,
          ...(scalar === undefined ? { type: Type.MESSAGE, typeName: `.onnx.${type}` } : { type: scalar }),
        };
      }),
    })),
  });
  const found = createFileRegistry(file, () => undefined).getMessage('onnx.ModelProto');
  if (!found) throw new Error('the schema has no model');
  return found;
}

/** The bytes of the file. */
export function bytesOf({ graph, opset, producer, description, metadata }: Model): Uint8Array {
  const desc = modelSchema();
  const message = create(desc, {
    irVersion: BigInt(irVersion),
    producerName: producer.name,
    producerVersion: producer.version,
    docString: description,
    graph: graphMessage(graph),
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  } as Record<string, unknown>);
  return toBinary(desc, message);
}

function graphMessage({ name, operations, stored, inputs, outputs }: Graph): object {
  return {
    name,
    node: operations.map(operationMessage),
    initializer: stored.map((tensor) => ({
      name: tensor.name,
      dims: tensor.dims.map(BigInt),
      dataType: elementTypes[tensor.type],
      rawData: tensor.bytes,
    })),
    input: inputs.map(declaredMessage),
    output: outputs.map(declaredMessage),
  };
}

function operationMessage({ operator, inputs, outputs, attributes }: Operation): object {
  return {
    name: outputs[0],
    opType: operator,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeMessage(value) })),
  };
}

function attributeMessage(value: Attribute): object {
  if ('int' in value) return { type: attributeTypes.int, i: BigInt(value.int) };
  if ('float' in value) return { type: attributeTypes.float, f: value.float };
  if ('text' in value) return { type: attributeTypes.text, s: new TextEncoder().encode(value.text) };
  if ('ints' in value) return { type: attributeTypes.ints, ints: value.ints.map(BigInt) };
  return { type: attributeTypes.graph, g: graphMessage(value.graph) };
}

function declaredMessage({ name, type, dims }: Declared): object {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: BigInt(size) } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } };
}

/** A message as it is read: what the file does not give has its default. */
export type Message = Readonly<Record<string, unknown>>;

/** The ModelProto in a file, field by field in camel case. Throws where it is none. */
export function messageIn(bytes: Uint8Array): Message {
  return fromBinary(modelSchema(), bytes) as unknown as Message;
}
