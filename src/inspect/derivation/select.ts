// What a model's values are called from outside: the scalars that can be differentiated, and what they can be differentiated by.
import type { Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { scan } from '../../ir/ops/scan.js';
import { isOp } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';

export interface Source {
  readonly name: string;
  readonly node: Node;
  /** The total loss, which derivatives are of where they do not say. */
  readonly isLoss: boolean;
}

/** The scalars of a model by their names, the total loss first. */
export function sourcesNamed({ training }: ModelGraph): readonly Source[] {
  const { loss, losses, metrics, outputs } = training;
  const total = loss ? [{ name: 'loss', node: loss, isLoss: true }] : [];
  const declared = [...losses, ...metrics, ...outputs];
  const inner = reachable(rootsOf(training)).flatMap((node) =>
    node.name === undefined ? [] : [{ name: node.name, node }],
  );
  const others = [...declared, ...inner].filter(
    ({ node: { type }, name }) => type.shape.length === 0 && type.element.kind === 'f32' && name !== 'loss',
  );
  const known = new Map(others.map((each) => [each.name, { ...each, isLoss: each.node === loss }]));
  return [...total, ...known.values()];
}

export interface Value {
  readonly name: string;
  readonly node: Node;
}

/** What a scalar depends on and can be differentiated by: parameters in the model's order, inputs, then intermediates. */
export function valuesOf(model: ModelGraph, of: Source): readonly Value[] {
  const nodes = reachable([of.node]).filter(({ type }) => type.element.kind === 'f32');
  const named = (name: string): Value[] => {
    const node = nodes.find((n) => isOp(n, parameter) && n.attrs.name === name);
    return node ? [{ name, node }] : [];
  };
  const parameters = model.parameters.flatMap(({ name }) => named(name));
  const inputs = nodes.flatMap((node) => (isOp(node, input) ? [{ name: node.attrs.name, node }] : []));
  const inner = nodes.flatMap((node) =>
    leafName(node) === undefined && node.name !== undefined && !isOp(node, scan) && node !== of.node
      ? [{ name: node.name, node }]
      : [],
  );
  return [...parameters, ...inputs, ...inner];
}

/** Does the name fit a pattern, in which `*` stands for any characters? */
export function fits(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su').test(name);
}

/** Of options: what they name that is not there, and what is; undefined where all is well. */
export function unknownName(
  model: ModelGraph,
  options: { readonly of?: string; readonly wrt?: readonly string[] },
): { readonly option: 'of' | 'wrt'; readonly name: string; readonly known: readonly string[] } | undefined {
  const sources = sourcesNamed(model);
  const of = options.of === undefined ? sources[0] : sources.find(({ name }) => name === options.of);
  if (!of) return { option: 'of', name: options.of ?? 'loss', known: sources.map(({ name }) => name) };
  const known = valuesOf(model, of).map(({ name }) => name);
  const missing = options.wrt?.find((pattern) => !known.some((name) => fits(name, pattern)));
  return missing === undefined ? undefined : { option: 'wrt', name: missing, known };
}
