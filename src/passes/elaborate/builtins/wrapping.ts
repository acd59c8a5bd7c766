// Builtins for layers around a layer: what is not trained of it, and what stands beside it.
import { wrongKind } from '../../../diagnostics/elaboration.js';
import { isOp, type Node } from '../../../ir/graph.js';
import { add } from '../../../ir/ops/arithmetic.js';
import { parameter } from '../../../ir/ops/leaves.js';
import { reshape } from '../../../ir/ops/movement.js';
import { sameShape } from '../../../ir/types.js';
import { contract } from '../../../ir/ops/contract.js';
import { binary } from '../arithmetic.js';
import { fail } from '../frame.js';
import {
  describe,
  numberValue,
  tensorValue,
  unknown,
  type BuiltinCall,
  type BuiltinDefinition,
  type Value,
} from '../values.js';
import { blockOf, given, node, number, text } from './arguments.js';

export const wrappingBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'frozen',
    kind: 'syntax',
    forms: ['(block)'],
    summary:
      'The same layer, whose parameters are not trained, wherever else they are shared. Gradients flow through it to its input. It adds nothing to their names.',
    example: 'x |> frozen(dense(8)) |> dense(4)',
    apply: (call) => ({ kind: 'wrapped', manner: { kind: 'frozen', name: writtenAs(call) }, block: blockOf(call) }),
  },
  {
    name: 'beside',
    kind: 'syntax',
    forms: ['(block, other, name)'],
    summary:
      'The layer other(x, block(x)). The block has the names that it would have by itself; those of the other layer stand under the path of the block and `name`, and may be missing in a checkpoint. lora is made of it.',
    example: 'x |> beside(dense(8), of_low_rank(2, 2), "extra")',
    apply: (call) => ({
      kind: 'wrapped',
      manner: { kind: 'beside', name: text(call, 'name'), other: layerIn(call, 'other') },
      block: blockOf(call),
    }),
  },
  {
    name: 'with_weights',
    kind: 'syntax',
    forms: ['(block, by)'],
    summary:
      'The layer with by(W, M) in the place of each weight W of two or more axes, made once however often the layer is applied. M is the matrix that PyTorch makes of W, whose rows are the outputs. What `by` owns stands under the name of W, and may be missing in a checkpoint. spectral_norm is made of it.',
    example: 'x |> with_weights(dense(8), of_norm_one())',
    apply: (call) => ({
      kind: 'wrapped',
      manner: { kind: 'weights', name: writtenAs(call), by: layerIn(call, 'by') },
      block: blockOf(call),
    }),
  },
  {
    name: 'low_rank_update',
    kind: 'syntax',
    forms: ['(y, x, A, B, scale)'],
    summary:
      'y + scale * (x @ A) @ B. Where x @ W is y or a term of it, and W a parameter, save({ merged: true }) adds scale * A @ B to W, and leaves out A and B.',
    example: 'low_rank_update(z, x, zeros([8, 2]), ones([2, 8]), 0.5)',
    apply: lowRankUpdate,
  },
];

/** What the user wrote: the function of the library that is made of this one. */
function writtenAs({ name, span, frame: { context } }: BuiltinCall): string {
  return (context.isLibrary(span.file) ? context.calls.at(-1)?.name : undefined) ?? name;
}

/** A layer that is configured. */
function layerIn(call: BuiltinCall, name: string) {
  const { value, span } = given(call, name);
  if (value.kind === 'function' && value.instance) return value;
  return fail(call.frame, wrongKind({ expected: 'a layer', got: describe(value), span }));
}

/** y + scale * (x @ A) @ B: y and x are [..., m] and [..., n], A and B parameters [n, rank] and [rank, m]. */
function lowRankUpdate(call: BuiltinCall): Value {
  const { frame } = call;
  const [y, x, down, up] = ['y', 'x', 'A', 'B'].map((name) => node(call, name));
  const scale = number(call, 'scale');
  const operand = (name: string, value: Value) => ({ value, span: given(call, name).span });
  const product = (name: string, value: Value, by: Node, called: string): Value =>
    binary(frame, '@', operand(name, value), operand(called, tensorValue(by)));
  const low = product('x', tensorValue(x), down, 'A');
  const scaled = binary(frame, '*', operand('scale', numberValue(scale)), operand('A', low));
  const result = binary(frame, '+', operand('y', tensorValue(y)), operand('B', product('A', scaled, up, 'B')));
  if (isOp(down, parameter) && isOp(up, parameter)) {
    const { adapters } = frame.context;
    const before = adapters.get(up.attrs.name);
    const weight = weightIn(y, x, call);
    // Applied to what is no product as well, it is an update of no weight.
    const one = before === undefined || before.weight === weight ? weight : undefined;
    const of = { down: down.attrs.name, up: up.attrs.name, scale };
    adapters.set(of.up, one === undefined ? of : { weight: one, ...of });
  }
  return result;
}

/** The parameter W, where x @ W is y or a term of it. */
function weightIn(y: Node, x: Node, { frame, span }: BuiltinCall): string | undefined {
  for (const term of termsOf(y)) {
    const [left, right] = term.inputs.map(unnamed);
    if (!isOp(term, contract) || left !== unnamed(x) || !isOp(right, parameter)) continue;
    const [a, b] = term.inputs.map((input) => ({ value: tensorValue(input), span }));
    const product = right.type.shape.length === 2 ? binary(frame, '@', a, b) : unknown;
    if (product.kind === 'tensor' && product.node === term) return right.attrs.name;
  }
  return undefined;
}

/** What a sum adds up. */
function termsOf(node: Node): readonly Node[] {
  const bare = unnamed(node);
  return isOp(bare, add) ? bare.inputs.flatMap(termsOf) : [bare];
}

/** A node without the names that its axes were given since. */
function unnamed(node: Node): Node {
  return isOp(node, reshape) && sameShape(node.type, node.inputs[0].type) ? unnamed(node.inputs[0]) : node;
}
