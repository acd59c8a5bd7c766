// LSTM, GRU and RNN of ONNX: gates in another order, both directions in one tensor, and time before the batch.
import { callOf, type Stage } from '../draft.js';
import { unsupported, textOf, numberOf, type Importing, type Value } from './flow.js';
import type { OnnxNode, OnnxTensor } from './graph.js';

interface Cell {
  readonly layer: 'lstm' | 'gru' | 'rnn';
  /** In which order PyTorch's gates stand in ONNX. */
  readonly gates: readonly number[];
  readonly activations: readonly string[];
}

// ONNX has i, o, f, c for PyTorch's i, f, g, o; and z, r, h for its r, z, n.
const cells: Readonly<Record<string, Cell>> = {
  LSTM: { layer: 'lstm', gates: [0, 2, 3, 1], activations: ['Sigmoid', 'Tanh', 'Tanh'] },
  GRU: { layer: 'gru', gates: [1, 0, 2], activations: ['Sigmoid', 'Tanh'] },
  RNN: { layer: 'rnn', gates: [0], activations: ['Tanh'] },
};

export function isRecurrent(operator: string): boolean {
  return operator in cells;
}

/** The values at all positions, [T, directions, batch, n] there. */
export function recurrent(node: OnnxNode, values: readonly (Value | undefined)[], importing: Importing): Value {
  const { file, draft, weights } = importing;
  const { layer, gates } = cells[node.operator];
  const [x, w, r, b, lengths] = values;
  const objection = objectionTo(node, values);
  if (objection !== undefined) throw unsupported(file, node, objection);
  if (x?.kind !== 'flow' || w?.kind !== 'constant' || r?.kind !== 'constant' || (b && b.kind !== 'constant') || lengths)
    throw unsupported(file, node, 'its weights are not known, or it is given lengths');
  const line = x.form === 'time first' ? x.line : draft.expression([x.line], (name) => `permute(${name}, [1, 0, 2])`);
  const units = r.tensor.dims[2];
  const both = w.tensor.dims[0] === 2;
  const module = weights.module(node);
  for (const direction of both ? [0, 1] : [0]) {
    const parts = both ? [module, direction === 0 ? 'forward' : 'backward'] : [module];
    const rows = (tensor: OnnxTensor, from: number, width: number): number[] =>
      gates.flatMap((gate) => {
        const start = from + gate * units * width;
        return Array.from({ length: units * width }, (_, i) => tensor.numbers[start + i]);
      });
    const all = gates.length * units;
    const [, , n] = w.tensor.dims;
    weights.add([...parts, 'weight_ih'], [all, n], rows(w.tensor, direction * all * n, n), w.name);
    weights.add([...parts, 'weight_hh'], [all, units], rows(r.tensor, direction * all * units, units), r.name);
    const bias = b?.tensor ?? { name: '', dims: [], numbers: new Float32Array(4 * all), isFloat: true };
    weights.add([...parts, 'bias_ih'], [all], rows(bias, direction * 2 * all, 1), bias.name);
    weights.add([...parts, 'bias_hh'], [all], rows(bias, direction * 2 * all + all, 1), bias.name);
  }
  const call = callOf(layer, [String(units)], {});
  const stage: Stage = { text: both ? `bidirectional(${call})` : call, layer, source: [module], begins: true };
  return { kind: 'flow', line: draft.pipe(line, stage), form: 'directions' };
}

/** What the library's cells are not. */
function objectionTo(node: OnnxNode, values: readonly (Value | undefined)[]): string | undefined {
  const { activations } = cells[node.operator];
  const direction = textOf(node, 'direction', 'forward');
  if (direction === 'reverse') return 'it goes backwards';
  if (node.attributes.has('activations'))
    return `its activations are given, where the library has ${activations.join(', ')}`;
  if (node.attributes.has('clip') || numberOf(node, 'input_forget', 0) !== 0) return 'it clips, or couples its gates';
  if (numberOf(node, 'layout', 0) !== 0) return 'its batch comes first (layout = 1)';
  if (node.operator === 'GRU' && numberOf(node, 'linear_before_reset', 0) === 0)
    return 'it resets before the product (linear_before_reset = 0), where the library does so after it';
  if (values.slice(5).some((start) => start && !isZero(start))) return 'it starts from a state that is not 0';
  return undefined;
}

/** Is it a state of zeros, which exporters compute from the size of the batch? */
function isZero(value: Value): boolean {
  if (value.kind === 'constant') return Array.from(value.tensor.numbers).every((n) => n === 0);
  return value.kind === 'sizes' && ['ConstantOfShape', 'Expand'].includes(value.node.operator);
}
