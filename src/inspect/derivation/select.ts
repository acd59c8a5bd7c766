// What a model's values are called from outside: the scalars that can be differentiated, and what they can be differentiated by.
import type { Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import { rootsOf, type ModelGraph } from '../../ir/model.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { scan } from '../../ir/ops/scan.js';
import { isOp } from '../../ir/graph.js';
import { reachable } from '../../ir/reachable.js';
import { printType } from '../../ir/types.js';
import { nearest } from '../../passes/elaborate/names.js';

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

/** What an option names that cannot be taken. */
export interface Unknown {
  readonly option: 'of' | 'wrt';
  readonly name: string;
  /** The type of the value of this name, which is no scalar of f32. */
  readonly type?: string;
  /** What can be named. */
  readonly known: readonly string[];
  /** The known name, or a pattern that fits some, which may be meant. */
  readonly near?: string;
}

/** Of options: what they name that is not there, and what is; undefined where all is well. */
export function unknownName(
  model: ModelGraph,
  options: { readonly of?: string; readonly wrt?: readonly string[] },
): Unknown | undefined {
  const sources = sourcesNamed(model);
  const of = options.of === undefined ? sources[0] : sources.find(({ name }) => name === options.of);
  if (!of) {
    const name = options.of ?? 'loss';
    const known = sources.map((source) => source.name);
    return { option: 'of', name, known, ...typeNamed(model, name), ...nearName(name, known) };
  }
  const known = valuesOf(model, of).map(({ name }) => name);
  const missing = options.wrt?.find((pattern) => !known.some((name) => fits(name, pattern)));
  return missing === undefined ? undefined : { option: 'wrt', name: missing, known, ...nearName(missing, known) };
}

/** The type of a value that is not a scalar of f32. */
function typeNamed({ training, inputs, parameters }: ModelGraph, name: string): Pick<Unknown, 'type'> {
  const named = [...training.outputs, ...training.metrics, ...inputs, ...parameters].find((each) => each.name === name);
  const found = named ?? reachable(rootsOf(training)).find((node) => node.name === name);
  if (!found) return {};
  const { type } = 'node' in found ? found.node : found;
  return type.shape.length === 0 && type.element.kind === 'f32' ? {} : { type: printType(type) };
}

function nearName(name: string, known: readonly string[]): Pick<Unknown, 'near'> {
  const near = nearest(name, known) ?? known.map((each) => extended(name, each)).find((each) => each !== undefined);
  return near === undefined ? {} : { near };
}

/** A pattern with the words of a name that it leaves out: of `h.3.*` and `h.block.3.W` it is `h.block.3.*`; undefined where others differ. */
function extended(pattern: string, name: string): string | undefined {
  const words = name.split('.');
  const made: string[] = [];
  let at = 0;
  for (const wanted of pattern.split('.')) {
    const isOpen = wanted.startsWith('*');
    const next = isOpen ? at : words.findIndex((word, i) => i >= at && fits(word, wanted));
    if (next < 0) return undefined;
    if (!made.at(-1)?.endsWith('*')) made.push(...words.slice(at, next));
    made.push(wanted);
    if (!isOpen) at = next + 1;
  }
  const whole = made.join('.');
  return [whole, `${whole}.*`].find((each) => fits(name, each));
}
