// `nnc export --onnx`: the ONNX file of a model.
import { bytesOf } from '../export/onnx/protobuf.js';
import { onnxModel, type Part } from '../export/onnx/export.js';
import type { ModelGraph, Source } from '../index.js';
import { weightsOf, type ExportOptions } from './exportWeights.js';
import { writeFiles } from './files.js';
import { standardOutput } from './output.js';

export async function writeOnnx(
  model: ModelGraph,
  source: Source,
  options: ExportOptions & { readonly onnx: string },
): Promise<void> {
  const { onnx, opset, initial } = options;
  const made = onnxModel(model, await partOf(model, source, options), opset);
  const bytes = bytesOf(made);
  const tensors = initial === undefined ? undefined : (await weightsOf(model, source, options)).file;
  writeFiles([
    { path: onnx, content: bytes },
    ...(initial !== undefined && tensors ? [{ path: initial, content: tensors }] : []),
  ]);
  const { inputs, outputs, operations } = made.graph;
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const parts = [count(inputs.length, 'input'), count(operations.length, 'operator'), count(outputs.length, 'output')];
  standardOutput.write(`${onnx}: ${parts.join(', ')}, ${bytes.length} bytes\n`);
  if (tensors) standardOutput.write(`${initial}: the tensors that the first step is given, ${tensors.length} bytes\n`);
}

async function partOf(model: ModelGraph, source: Source, options: ExportOptions): Promise<Part> {
  const { step, updates } = options;
  if (step) return { kind: 'step', ...(updates !== undefined && { updates }) };
  const { tensors, metadata, given } = await weightsOf(model, source, options);
  const { classes } = given;
  return {
    kind: 'predict',
    tensors,
    seed: Number(metadata.seed ?? model.train.seed),
    metadata: { ...(classes !== undefined && { classes }) },
  };
}
