// A graph of ONNX operators, built call by call, and its bytes.
import protobuf from 'protobufjs';

/** As much of onnx.proto3 as is written here. */
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Attribute { string name = 1; int64 i = 3; bytes s = 4; int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int64 int64_data = 7; string name = 8; }
  message Dimension { int64 dim_value = 1; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message Value { string name = 1; Type type = 2; }
  message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
  message OperatorSet { int64 version = 2; }
  message Model { int64 ir_version = 1; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`,
  { keepCase: true },
);
const Model = root.lookupType('Model');
const [float, int64] = [1, 7];

export function graphOf() {
  const graph = { name: 'step', node: [], initializer: [], input: [], output: [] };
  const fresh = () => `v${graph.node.length + graph.initializer.length}`;
  const value = (name, shape) => ({
    name,
    type: { tensor_type: { elem_type: float, shape: { dim: shape.map((dim_value) => ({ dim_value })) } } },
  });
  const constant = (tensor) => {
    const name = fresh();
    graph.initializer.push({ name, ...tensor });
    return name;
  };
  const op = (op_type, input, attributes = {}) => {
    const name = fresh();
    const attribute = Object.entries(attributes).map(([key, given]) =>
      typeof given === 'string' ? { name: key, s: Buffer.from(given), type: 3 } : { name: key, i: given, type: 2 },
    );
    graph.node.push({ op_type, input, output: [name], attribute });
    return name;
  };
  return {
    op,
    add: (a, b) => op('Add', [a, b]),
    sub: (a, b) => op('Sub', [a, b]),
    mul: (a, b) => op('Mul', [a, b]),
    number: (number) => constant({ data_type: float, float_data: [number] }),
    integers: (list) => constant({ data_type: int64, dims: [list.length], int64_data: list }),
    input(name, shape) {
      graph.input.push(value(name, shape));
      return name;
    },
    output(name, of, shape) {
      graph.node.push({ op_type: 'Identity', input: [of], output: [name] });
      graph.output.push(value(name, shape));
    },
    bytes: () => Model.encode(Model.fromObject({ ir_version: 10, graph, opset_import: [{ version: 20 }] })).finish(),
  };
}
