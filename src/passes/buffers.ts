// The buffers of a model: one for each leaf, and one for each node that some entry stores.
import { isOp, type Node } from '../ir/graph.js';
import { constantOf } from '../ir/index.js';
import { titleOf, titleText } from '../ir/labels.js';
import { literal } from '../ir/ops/constants.js';
import { counter, input, parameter, slot, state } from '../ir/ops/leaves.js';
import { bound } from '../ir/ops/scan.js';
import type { ModelGraph } from '../ir/model.js';
import type { Buffer } from '../ir/scalar.js';
import { elementCount, type TensorType } from '../ir/types.js';
import type { Gradients } from './derive/derive.js';
import { unique } from './unique.js';

export function createBuffers(model: ModelGraph) {
  const made = new Map<string, Buffer>();
  const ofNode = new Map<string, Map<Node, Buffer>>();
  const names = new Set<string>();
  const persistent = (space: Buffer['space'], key: string, name: string, type: TensorType): Buffer => {
    const known = made.get(key);
    if (known) return known;
    const buffer: Buffer = {
      name: unique(name, names),
      space,
      dtype: dtypeOf(type),
      length: elementCount(type),
      ...below(type),
    };
    made.set(key, buffer);
    return buffer;
  };
  const inputs = model.inputs.map((i) => ({ ...i, buffer: persistent('input', `input ${i.name}`, i.name, i.type) }));
  const parameters = model.parameters.map((p) => ({
    ...p,
    buffer: persistent('parameter', `parameter ${p.name}`, p.name, p.type),
  }));
  const states = model.states.map((s) => ({ ...s, buffer: persistent('state', `state ${s.name}`, s.name, s.type) }));
  const typeOf = new Map(model.parameters.map((p) => [p.name, p.type]));
  const scalar: TensorType = { element: { kind: 'f32' }, shape: [] };
  const slotOf = (parameter: string, name: string): Buffer =>
    persistent('slot', `slot ${parameter} ${name}`, `${parameter}.${name}`, typeOf.get(parameter) ?? scalar);
  const counterOf = (name: string): Buffer => {
    const known = made.get(`counter ${name}`);
    if (known) return known;
    const buffer: Buffer = { name: unique(name, names), space: 'counter', dtype: 'i32', length: elementCount(scalar) };
    made.set(`counter ${name}`, buffer);
    return buffer;
  };
  const leaf = (node: Node): Buffer | undefined => {
    if (isOp(node, input, parameter, state)) return made.get(`${node.op.name} ${node.attrs.name}`);
    if (isOp(node, slot)) return slotOf(node.attrs.parameter, node.attrs.name);
    if (isOp(node, counter)) return counterOf(node.attrs.name);
    if (!isOp(node, literal)) return undefined;
    return {
      name: unique(node.name ?? 'table', names),
      space: 'constant',
      dtype: dtypeOf(node.type),
      length: elementCount(node.type),
      data: node.attrs.values,
      ...below(node.type),
    };
  };
  const stored = (node: Node): Buffer => {
    const title = titleOf(node);
    const name = isOp(node, bound) ? node.attrs.name : titleText(title);
    return {
      name: unique(name, names),
      space: 'arena',
      dtype: dtypeOf(node.type),
      length: elementCount(node.type),
      ...below(node.type),
      ...(title.of === 'cotangent' && { cotangent: true }),
    };
  };
  return {
    /** `within`: the run of a loop in whose body the node stands. A table is one wherever it stands. */
    of(node: Node, within = ''): Buffer {
      const where = isOp(node, literal) ? '' : within;
      const known = ofNode.get(where) ?? new Map<Node, Buffer>();
      ofNode.set(where, known);
      const buffer = known.get(node) ?? leaf(node) ?? stored(node);
      known.set(node, buffer);
      return buffer;
    },
    parameter: (name: string): Buffer => persistent('parameter', `parameter ${name}`, name, typeOf.get(name) ?? scalar),
    state: (name: string): Buffer => persistent('state', `state ${name}`, name, scalar),
    slot: slotOf,
    all: () => [...made.values()],
    tables(forOutputs: readonly string[], { step }: Gradients) {
      const initial = new Map(
        model.updates.flatMap((u) => u.slots.map((s) => [`${u.parameter} ${s.name}`, s.initial])),
      );
      return {
        inputs: inputs.map((i) => ({ ...i, forOutputs: forOutputs.includes(i.name) })),
        parameters,
        states,
        slots: step.flatMap((b) =>
          b.slot === undefined
            ? []
            : [
                {
                  parameter: b.parameter,
                  name: b.slot,
                  initial: initial.get(`${b.parameter} ${b.slot}`) ?? 0,
                  type: typeOf.get(b.parameter) ?? scalar,
                  buffer: slotOf(b.parameter, b.slot),
                },
              ],
        ),
        counters: (['update', 'run', 'draw', 'seed'] as const).flatMap((name) => {
          const buffer = made.get(`counter ${name}`);
          return buffer ? [{ name, buffer }] : [];
        }),
      };
    },
  };
}

function dtypeOf(type: TensorType): Buffer['dtype'] {
  return type.element.kind === 'f32' ? 'f32' : 'i32';
}

function below(type: TensorType): { below?: number } {
  if (type.element.kind === 'bool') return { below: 2 };
  if (type.element.kind !== 'index') return {};
  const size = constantOf(type.element.size);
  return size === undefined ? {} : { below: size };
}
