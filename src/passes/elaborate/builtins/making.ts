// Tensors made from nothing: constants, counts and draws.
import { wrongElement } from '../../../diagnostics/types.js';
import type { Node } from '../../../ir/graph.js';
import { cos, log } from '../../../ir/ops/transcendental.js';
import { mul, sqrt, sub } from '../../../ir/ops/arithmetic.js';
import { filled } from '../../../ir/ops/calls.js';
import { iota } from '../../../ir/ops/constants.js';
import { oneHot } from '../../../ir/ops/indexing.js';
import { counter } from '../../../ir/ops/leaves.js';
import { less, lessEqual, toF32 } from '../../../ir/ops/logic.js';
import { broadcast } from '../../../ir/ops/movement.js';
import { eachRound } from '../loops.js';
import { random } from '../../../ir/ops/random.js';
import { dim, printType, tensor, type Dim } from '../../../ir/types.js';
import { filling } from '../bodies.js';
import { fail, type Frame } from '../frame.js';
import { tensorValue, type BuiltinDefinition } from '../values.js';
import { checkSetting, given, node, oneSize, shape } from './arguments.js';

const probability = { text: 'p is from 0 to 1', fits: (p: number): boolean => p >= 0 && p <= 1 };

export const makingBuiltins: readonly BuiltinDefinition[] = [
  {
    name: 'kind',
    kind: 'static',
    forms: ['(x)'],
    summary:
      'What an argument is, for functions that take several kinds: "index", "bool" or "f32" of a tensor, "number", "list", "none" and the like.',
    example: 'if kind(label) == "index" then f32(label) else label',
    apply(call) {
      const { value } = given(call, 'x');
      return { kind: 'string', value: value.kind === 'tensor' ? value.node.type.element.kind : value.kind };
    },
  },
  ...(
    [
      ['zeros', 0],
      ['ones', 1],
    ] as const
  ).map(([name, value]): BuiltinDefinition => ({
    name,
    kind: 'making tensors',
    forms: ['(shape)', '()'],
    summary: `A tensor of ${name}; without a shape an initialiser.`,
    example: `x + ${name}([8])`,
    apply: (call) =>
      call.given.has('shape')
        ? tensorValue(filled(call.frame.context.g, value, tensor(shape(call, 'shape'))))
        : { kind: 'initial', initial: { kind: 'fill', value } },
  })),
  {
    name: 'full',
    kind: 'making tensors',
    forms: ['(shape, value)'],
    summary: 'A tensor that holds one value, or a value stretched to a shape.',
    example: 'x + full([8], 0.5)',
    apply(call) {
      const { value, span } = given(call, 'value');
      return tensorValue(filling(call.frame, value, span, tensor(shape(call, 'shape')), 'the tensor'));
    },
  },
  {
    name: 'range',
    kind: 'making tensors',
    forms: ['(n)'],
    summary: 'The integers 0 … n - 1, as index(n)[n].',
    example: 'x * f32(range(8))',
    apply(call) {
      const n = oneSize(call);
      return tensorValue(
        call.frame.context.g.make(iota, [], { size: n.size, ...(n.name !== undefined && { name: n.name }) }),
      );
    },
  },
  {
    name: 'one_hot',
    kind: 'making tensors',
    forms: ['(ids)'],
    summary: '1 at the place that each index names, 0 elsewhere, along a new last axis: index(C)[...] to [..., C].',
    example: 'one_hot(label)',
    apply(call) {
      const { g } = call.frame.context;
      const ids = node(call, 'ids');
      const { element } = ids.type;
      if (element.kind !== 'index')
        return fail(
          call.frame,
          wrongElement({ expected: 'an index tensor', got: printType(ids.type), span: given(call, 'ids').span }),
        );
      return tensorValue(g.make(oneHot, [ids], { classes: dim(element.size) }));
    },
  },
  {
    name: 'lower_triangle',
    kind: 'making tensors',
    forms: ['(n)'],
    summary: 'bool[n, n], true on and below the diagonal: what a causal mask is.',
    example: 'if lower_triangle(8) then x[:, none, :] else 0',
    apply(call) {
      const { g } = call.frame.context;
      const n = oneSize(call);
      const count = g.make(iota, [], { size: n.size });
      const [row, column] = [1, 0].map((axis) => g.make(broadcast, [count], { shape: [n, n], axes: [axis] }));
      return tensorValue(g.make(lessEqual, [column, row], {}));
    },
  },
  {
    name: 'bernoulli',
    kind: 'making tensors',
    forms: ['(p, like)'],
    summary: '1 with probability p, else 0, in the shape of another tensor; drawn anew in each step.',
    example: 'x * bernoulli(0.9, like = x)',
    apply(call) {
      const { g } = call.frame.context;
      const like = node(call, 'like');
      const { value, span } = given(call, 'p');
      if (value.kind === 'number') checkSetting(call, 'p', value.value, probability);
      const p = filling(call.frame, value, span, tensor(like.type.shape), 'the draw');
      return tensorValue(g.make(toF32, [g.make(less, [draw(call.frame, like.type.shape), p], {})], {}));
    },
  },
  {
    name: 'uniform_like',
    kind: 'making tensors',
    forms: ['(x)'],
    summary: 'Uniform draws in [0, 1) in the shape of x, anew in each step.',
    example: 'x + uniform_like(x)',
    apply: (call) => tensorValue(draw(call.frame, node(call, 'x').type.shape)),
  },
  {
    name: 'normal_like',
    kind: 'making tensors',
    forms: ['(x)'],
    summary: 'Draws of the standard normal distribution in the shape of x, anew in each step.',
    example: 'x + 0.1 * normal_like(x)',
    // Box and Muller: √(-2 log u) · cos(2πv), u in (0, 1].
    apply(call) {
      const { g } = call.frame.context;
      const { type } = node(call, 'x');
      const [u, v] = [draw(call.frame, type.shape), draw(call.frame, type.shape)];
      const radius = g.make(
        sqrt,
        [g.make(mul, [filled(g, -2, u.type), g.make(log, [g.make(sub, [filled(g, 1, u.type), u], {})], {})], {})],
        {},
      );
      return tensorValue(
        g.make(mul, [radius, g.make(cos, [g.make(mul, [filled(g, 2 * Math.PI, v.type), v], {})], {})], {}),
      );
    },
  },
];

/** Uniform draws in [0, 1): every draw of a model has a number of its own, by where it stands. */
function draw({ context, naming }: Frame, dims: readonly Dim[]): Node {
  const { g } = context;
  const site = context.draws.next(naming.prefix);
  return eachRound(context, dims, (shape) =>
    g.make(random, [g.make(counter, [], { name: 'seed' }), g.make(counter, [], { name: 'draw' })], { site, shape }),
  );
}
