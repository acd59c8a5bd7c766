// Activations of Keras as stages of a pipeline.
import type { Draft } from '../draft.js';
import { isRecord } from './json.js';

/** Those that the library has by another name. */
const known: Readonly<Record<string, string>> = {
  relu: 'relu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  softmax: 'softmax',
  log_softmax: 'log_softmax',
  softplus: 'softplus',
  elu: 'elu',
  selu: 'selu',
  swish: 'silu',
  silu: 'silu',
  gelu: 'gelu_erf',
  gelu_new: 'gelu',
  mish: 'mish',
  exponential: 'exp',
  hard_tanh: 'hard_tanh',
};

/** Those that it does not have, as functions of the file. */
const written: Readonly<Record<string, readonly [name: string, text: string]>> = {
  relu6: ['relu6', 'fn relu6(x) = min(relu(x), 6)'],
  softsign: ['softsign', 'fn softsign(x) = x / (1 + abs(x))'],
  // That of Keras 2 and TensorFlow.js; Keras 3 has x / 6 + 0.5, as the library.
  hard_sigmoid: ['hard_sigmoid_2', 'fn hard_sigmoid_2(x) = clamp(0.2 * x + 0.5, 0, 1)'],
};

/** The name of an activation, as configurations give it. */
export function activationIn(value: unknown): string {
  if (value === undefined || value === null) return 'linear';
  const name = isRecord(value) ? (value.config ?? value.class_name) : value;
  const text = isRecord(name) ? String(name.name) : String(name);
  return text.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

/** What stands for it in a pipeline; nothing for the identity, undefined where there is no such thing. `third`: of Keras 3. */
export function activationStage(name: string, draft: Draft, third: boolean): string | undefined {
  if (name === 'linear') return '';
  if (name === 'hard_sigmoid' && third) return 'hard_sigmoid';
  const own = written[name];
  return own ? draft.define(...own) : known[name];
}
