// The messages of ONNX's format that are written and read, with the numbers and types of their fields: from onnx/onnx.proto of ONNX 1.23
// (github.com/onnx/onnx, Apache-2.0), IR version 13, of which IR version 10 is a part. Enumerations are written as the integers they are.

/** A field's number and type; one in brackets is repeated. */
type Field = readonly [number: number, type: FieldType | readonly [FieldType]];

export type FieldType = 'int32' | 'int64' | 'float' | 'string' | 'bytes' | MessageName;

export type MessageName =
  | 'ModelProto'
  | 'OperatorSetIdProto'
  | 'StringStringEntryProto'
  | 'GraphProto'
  | 'NodeProto'
  | 'AttributeProto'
  | 'TensorProto'
  | 'ValueInfoProto'
  | 'TypeProto'
  | 'TensorTypeProto'
  | 'TensorShapeProto'
  | 'DimensionProto';

/** What the type of an attribute is called in `AttributeProto.type`. */
export const attributeTypes = { float: 1, int: 2, text: 3, graph: 5, ints: 7 } as const;

/** `TensorTypeProto` is TypeProto.Tensor there, and `DimensionProto` TensorShapeProto.Dimension: names are not in the bytes. */
export const schema: Readonly<Record<MessageName, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    ir_version: [1, 'int64'],
    producer_name: [2, 'string'],
    producer_version: [3, 'string'],
    doc_string: [6, 'string'],
    graph: [7, 'GraphProto'],
    opset_import: [8, ['OperatorSetIdProto']],
    metadata_props: [14, ['StringStringEntryProto']],
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, ['NodeProto']],
    name: [2, 'string'],
    initializer: [5, ['TensorProto']],
    input: [11, ['ValueInfoProto']],
    output: [12, ['ValueInfoProto']],
  },
  NodeProto: {
    input: [1, ['string']],
    output: [2, ['string']],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, ['AttributeProto']],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, ['float']],
    ints: [8, ['int64']],
    type: [20, 'int32'],
  },
  TensorProto: {
    dims: [1, ['int64']],
    data_type: [2, 'int32'],
    float_data: [4, ['float']],
    int32_data: [5, ['int32']],
    int64_data: [7, ['int64']],
    name: [8, 'string'],
    raw_data: [9, 'bytes'],
    external_data: [13, ['StringStringEntryProto']],
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'] },
  TypeProto: { tensor_type: [1, 'TensorTypeProto'] },
  TensorTypeProto: { elem_type: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, ['DimensionProto']] },
  DimensionProto: { dim_value: [1, 'int64'], dim_param: [2, 'string'] },
};
