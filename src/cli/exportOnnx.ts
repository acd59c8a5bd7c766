// `nnc export --onnx`: the ONNX file of a model.
import { bytesOf } from '../export/onnx/protobuf.js';
import { onnxModel, type Part } from '../export/onnx/export.js';
import type { ModelGraph } from '../index.js';
import type { Exported } from './exportSource.js';
import { weightsOf, type ExportOptions, type Weights } from './exportWeights.js';
import { writeFiles } from './files.js';
import { standardOutput } from './output.js';

export async function writeOnnx(exported: Exported, options: ExportOptions & { readonly onnx: string }): Promise<void> {
  const { onnx, opset, step, initial, checkpoint = exported.run?.weights } = options;
  const isAsked = !step || (initial ?? checkpoint) !== undefined;
  const weights = isAsked ? await weightsOf(exported, options) : undefined;
  const made = onnxModel(exported.model, partOf(exported.model, weights, options), opset);
  const bytes = bytesOf(made);
  const tensors = initial === undefined ? undefined : weights?.file;
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

/** The words that a checkpoint has for classes, and for the characters of a text, go along. */
function partOf(model: ModelGraph, weights: Weights | undefined, { step, updates }: ExportOptions): Part {
  const { classes } = weights?.given ?? {};
  const metadata = { ...(classes !== undefined && { classes }) };
  if (step || !weights) return { kind: 'step', metadata, ...(updates !== undefined && { updates }) };
  const seed = Number(weights.metadata.seed ?? model.train.seed);
  return { kind: 'predict', metadata, tensors: weights.tensors, seed };
}
