// Operations element by element. Operands that repeat go with the others as ONNX broadcasts them.
import type { Node } from '../../ir/graph.js';
import { elementOf, type Value, type Writer } from './writer.js';

/** What a node's value is called: by its author's name, else by where it stands and what makes it. */
export function labelOf({ name, place, origin }: Node, operator: string): string {
  if (name !== undefined) return name;
  const path = place ?? origin?.path ?? '';
  return path === '' ? operator.toLowerCase() : `${path}/${operator.toLowerCase()}`;
}

/** The operands of a node, all of one shape where they are widened, and the type that it computes in. */
export function operandsOf(node: Node, writer: Writer): readonly Value[] {
  return writer.around.speller.isCounted(node)
    ? node.inputs.map((input) => writer.double(input))
    : writer.operands(node.inputs, node.type);
}

/** A node that is one operator. */
export function plain(operator: string) {
  return (node: Node, writer: Writer): Value => {
    const inputs = operandsOf(node, writer);
    const isDouble = node.type.element.kind === 'f32' && writer.around.speller.isCounted(node);
    return writer.add(operator, inputs, {
      type: isDouble ? 'double' : elementOf(node.type),
      name: labelOf(node, operator),
    });
  };
}

/** A number of the type that a value has. */
function numberFor(value: Value, number: number, writer: Writer): Value {
  return writer.number([number], value.type);
}

/** log(1 + x), accurate where x is near 0: the error that 1 + x makes is the same in both factors of x · log(u) / (u - 1). */
export function log1p(x: Value, writer: Writer): Value {
  const one = numberFor(x, 1, writer);
  const u = writer.add('Add', [x, one]);
  const less = writer.add('Sub', [u, one]);
  const scaled = writer.add('Mul', [writer.add('Log', [u]), writer.add('Div', [x, less])]);
  // Where u is 1, x is the answer, and where x is infinite as well.
  const same = writer.add('Or', [
    writer.add('Equal', [u, one], { type: 'bool' }),
    writer.add('Equal', [u, numberFor(x, Infinity, writer)], { type: 'bool' }),
  ]);
  return writer.add('Where', [same, x, scaled], { type: x.type });
}

/** exp(x) - 1, accurate where x is near 0: (u - 1) · x / log(u) for u = exp(x). */
export function expm1(x: Value, writer: Writer): Value {
  const one = numberFor(x, 1, writer);
  const u = writer.add('Exp', [x]);
  const less = writer.add('Sub', [u, one]);
  const scaled = writer.add('Mul', [less, writer.add('Div', [x, writer.add('Log', [u])])]);
  const near = writer.add('Equal', [u, one], { type: 'bool' });
  // Beyond what f32 holds, and where nothing of exp(x) is left beside -1, u - 1 is the answer.
  const far = writer.add('Or', [
    writer.add('Equal', [u, numberFor(x, Infinity, writer)], { type: 'bool' }),
    writer.add('Equal', [less, numberFor(x, -1, writer)], { type: 'bool' }),
  ]);
  const inside = writer.add('Where', [far, less, scaled], { type: x.type });
  return writer.add('Where', [near, x, inside], { type: x.type });
}

/** log(1 + exp(x)) - b, whose small part is added last: (max(x, 0) - b) + log1p(exp(-|x|)). */
export function softplusLess(x: Value, b: Value | undefined, writer: Writer): Value {
  const positive = writer.add('Max', [x, numberFor(x, 0, writer)]);
  const small = log1p(writer.add('Exp', [writer.add('Neg', [writer.add('Abs', [x])])]), writer);
  return writer.add('Add', [b ? writer.add('Sub', [positive, b]) : positive, small]);
}
