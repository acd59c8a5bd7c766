// Single expressions with PyTorch's numbers, many to a model.
import { readOps, tensorsDiffer, type OpRecord, type Tensors } from './reference.js';

const { ops, tolerance } = readOps('ops.json');
const { ops: forms } = readOps('forms.json');

/** The expressions by thirties: a model each. */
export const batches: OpRecord[][] = [ops, forms].flatMap((all) =>
  Array.from({ length: Math.ceil(all.length / 30) }, (_, i) => all.slice(30 * i, 30 * i + 30)),
);

/** The expression with its inputs and its bindings renamed, outside of strings. */
function renamed(text: string, names: readonly string[], suffix: string): string {
  return text
    .split(/("[^"]*")/)
    .map((part) => (part.startsWith('"') ? part : part.replace(/[\p{L}_][\p{L}\p{N}_]*/gu, (word) => (names.includes(word) ? word + suffix : word))))
    .join('');
}

/** A model whose outputs are the expressions' values, and whose loss weights them. */
export function modelOf(batch: readonly OpRecord[]): { text: string; parameters: Record<string, Float32Array>; inputs: Tensors; forOutputs: string[] } {
  const lines: string[] = [];
  const losses: string[] = ['one'];
  const parameters: Record<string, Float32Array> = {};
  const inputs: Tensors = {};
  const forOutputs: string[] = [];
  batch.forEach((op, n) => {
    const suffix = `_${n}`;
    const bound = op.before?.split('=')[0].split(',').map((name) => name.trim()) ?? [];
    const names = [...Object.keys(op.inputs), ...bound];
    for (const [name, t] of Object.entries(op.inputs)) {
      if (t.type.startsWith('f32')) {
        lines.push(`param ${name}${suffix}: ${t.shape.length ? `[${t.shape.join(', ')}]` : 'f32'} = 0`);
        parameters[name + suffix] = Float32Array.from(t.data);
      } else {
        lines.push(`input ${name}${suffix}: ${t.type}`);
        inputs[name + suffix] = { ...t, dtype: t.type.startsWith('index') ? 'index' : 'bool' };
        forOutputs.push(name + suffix);
      }
    }
    if (op.before) lines.push(renamed(op.before, names, suffix));
    lines.push(`result${suffix} = ${renamed(op.expr, names, suffix)}`, `output result${suffix}`);
    if (op.value.dtype === 'f32' && op.w) {
      lines.push(`input w${suffix}: ${op.w.shape.length ? `[${op.w.shape.join(', ')}]` : 'f32'}`);
      inputs[`w${suffix}`] = { ...op.w, dtype: 'f32' };
      losses.push(`sum(result${suffix} * w${suffix})`);
    }
  });
  const text = `model ops {\n${lines.join('\n')}\nparam one: f32 = 1\nloss = ${losses.join(' + ')}\ntrain { optimizer = sgd(lr = 0.1) }\n}\n`;
  return { text, parameters, inputs, forOutputs };
}

/** What is not as recorded. */
export function expressionsDiffer(batch: readonly OpRecord[], values: Record<string, ArrayLike<number>>, gradients: Record<string, Float32Array>): string[] {
  return batch.flatMap((op, n) => {
    const wrong = tensorsDiffer(`value of ${op.name}`, { [`result_${n}`]: op.value }, values, tolerance, true);
    if (!op.w) return wrong;
    const want = Object.fromEntries(Object.entries(op.gradients).map(([name, t]) => [`${name}_${n}`, t]));
    const got = Object.fromEntries(Object.entries(want).map(([name, t]) => [name, gradients[name] ?? new Float32Array(t.data.length)]));
    return [...wrong, ...tensorsDiffer(`gradient of ${op.name}`, want, got, tolerance)];
  });
}
