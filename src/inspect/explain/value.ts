// One value or parameter of a model: its shape, what it depends on, how it is computed, and its gradient.
import { formulaOf } from '../../ir/formula.js';
import { printFormula } from '../../ir/formula/text.js';
import { isOp, type Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import { input, parameter, state } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { printSource, sourceOf } from '../../ir/source.js';
import { printType } from '../../ir/types.js';
import { nearest } from '../../passes/elaborate/names.js';
import { derivationOf } from '../derivation/derivation.js';
import { sourcesNamed, valuesOf } from '../derivation/select.js';
import { explainDerived } from './derived.js';

export interface ValueExplanation {
  readonly name: string;
  readonly kind: 'input' | 'parameter' | 'state' | 'value' | 'cotangent' | 'update';
  /** With the names of axes: `[batch, 784]`. */
  readonly type: string;
  /** `mnist.nn:9 dense`; '' of a leaf. */
  readonly source: string;
  /** Absent where it is given, and not computed. */
  readonly formula?: string;
  /** Of what `nnc grad` alone has a name for: its line, `δ_a3 = …`; what that stands in; and how the chain rule leads there. */
  readonly equation?: string;
  readonly within?: readonly string[];
  readonly rules?: readonly { readonly rule: string; readonly upstream: string; readonly local?: string }[];
  /** What the formula names, and every input and parameter behind that. */
  readonly reads: readonly string[];
  readonly inputs: readonly string[];
  readonly parameters: readonly string[];
  /** Values of the model that are made of it. */
  readonly readers: readonly string[];
  /** Of a parameter: how it starts, and whether it is trained. */
  readonly trained?: boolean;
  /** `∂loss/∂z = …`; absent where the loss does not depend on it in a way that can be differentiated. */
  readonly gradient?: string;
}

/** The values of a model that have names, in training, in the order in which they are computed. */
export function valuesNamed(model: ModelGraph): ReadonlyMap<string, Node> {
  const { loss, outputs, losses, metrics } = model.training;
  const found = new Map<string, Node>();
  const add = (name: string | undefined, node: Node): void => {
    if (name !== undefined && !found.has(name)) found.set(name, node);
  };
  for (const { name, node } of [...outputs, ...losses, ...metrics]) add(name, node);
  if (loss) add('loss', loss);
  for (const node of reachable(rootsOf(model.training)))
    add(isOp(node, input, parameter, state) ? node.attrs.name : node.inputs.length > 0 ? node.name : undefined, node);
  return found;
}

/** The one that a misspelt name may stand for. */
export function nearestValue(model: ModelGraph, name: string): string | undefined {
  const names = [...valuesNamed(model).keys()];
  // Of a parameter people tend to give the end of its name.
  return nearest(name, names) ?? names.find((known) => known.endsWith(`.${name}`));
}

/** Explains a value, one of the model's or one of its gradient's; undefined where neither has one of this name. */
export function explainValue(model: ModelGraph, name: string): ValueExplanation | undefined {
  const values = valuesNamed(model);
  const node = values.get(name);
  if (!node) return explainDerived(model, name, explainValue);
  const names = new Map([...values].map(([called, of]) => [of, called]));
  const nameOf = (of: Node): string | undefined => (of === node ? undefined : (names.get(of) ?? leafName(of)));
  const behind = reachable([node]);
  const among = (kind: typeof input | typeof parameter): string[] =>
    behind.flatMap((of) => (of !== node && isOp(of, kind) ? [of.attrs.name] : []));
  const isLeaf = node.inputs.length === 0;
  const gradient = gradientOf(model, name);
  const source = sourceOf(node);
  return {
    name,
    kind: isOp(node, input) ? 'input' : isOp(node, parameter) ? 'parameter' : isOp(node, state) ? 'state' : 'value',
    type: printType(node.type),
    source: source ? printSource(source) : '',
    ...(!isLeaf && { formula: formulaOf(node, nameOf) }),
    reads: isLeaf ? [] : [...namedIn(node, names)],
    inputs: among(input),
    parameters: among(parameter),
    readers: [...values].flatMap(([reader, of]) => (of !== node && namedIn(of, names).has(name) ? [reader] : [])),
    ...(isOp(node, parameter) && { trained: model.parameters.find((p) => p.name === name)?.trained ?? false }),
    ...(gradient !== undefined && { gradient }),
  };
}

/** The named values that a node is made of at once. */
function namedIn(node: Node, names: ReadonlyMap<Node, string>): Set<string> {
  const found = new Set<string>();
  const seen = new Set<Node>();
  const open = [...node.inputs];
  for (let next = open.pop(); next; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const name = names.get(next);
    if (name === undefined) open.push(...next.inputs);
    else found.add(name);
  }
  return found;
}

/** The gradient of the total loss by the value, as the derivation has it. */
function gradientOf(model: ModelGraph, name: string): string | undefined {
  const [loss] = sourcesNamed(model);
  if (!loss?.isLoss || !valuesOf(model, loss).some((value) => value.name === name)) return undefined;
  const { parameters } = derivationOf(model, { wrt: [name] });
  const step = parameters.at(0);
  return step && `${printFormula(step.left, 'math')} = ${printFormula(step.formula, 'math')}`;
}
