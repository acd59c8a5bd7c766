// Which axes of a tensor an argument means: positions, dimension names, or lists of them.
import type { Span } from '../../diagnostics/diagnostic.js';
import * as messages from '../../diagnostics/types.js';
import { wrongKind } from '../../diagnostics/elaboration.js';
import type { Node } from '../../ir/graph.js';
import { constant as whole, type Index } from '../../ir/index.js';
import { printType } from '../../ir/types.js';
import { fail, type Frame } from './frame.js';
import { describe, type Given, type Value } from './values.js';

/** What has a type: axes are of that. */
type Typed = Pick<Node, 'type'>;

/** The axes that `axis = …` means, in order; all of them where it is absent. */
export function axesOf(frame: Frame, node: Node, given: Given | undefined): number[] {
  const all = node.type.shape.map((_, i) => i);
  if (!given || given.value.kind === 'all' || (given.value.kind === 'builtin' && given.value.builtin.name === 'all'))
    return all;
  const items = given.value.kind === 'list' ? given.value.items : [given.value];
  const found = items.map((item) => axisOf(frame, node, item, given.span));
  const twice = found.find((axis, i) => found.indexOf(axis) < i);
  if (twice !== undefined)
    return fail(
      frame,
      messages.axisGivenTwice({ axis: axisName(node, twice), type: printType(node.type), span: given.span }),
    );
  return [...found].sort((a, b) => a - b);
}

function axisName({ type: { shape } }: Node, axis: number): string {
  const { name } = shape[axis];
  return name === undefined ? String(axis) : `${axis} (${name})`;
}

/** One axis: a position (negative from the end), or the dimension that bears the name. */
export function axisOf(frame: Frame, node: Typed, value: Value, span: Span): number {
  const { shape } = node.type;
  const type = printType(node.type);
  if (value.kind === 'string') return named(frame, node, value.value, undefined, span);
  if (value.kind === 'size') return named(frame, node, value.name ?? '', value.index, span);
  if (value.kind !== 'number') return fail(frame, wrongKind({ expected: 'an axis', got: describe(value), span }));
  // A name that is both a dimension of the tensor and a static number means the dimension.
  if (value.name !== undefined && shape.some((d) => d.name === value.name))
    return named(frame, node, value.name, undefined, span);
  if (value.dimension) return named(frame, node, value.name ?? '', whole(value.value), span);
  const axis = value.value < 0 ? value.value + shape.length : value.value;
  if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length)
    return fail(frame, messages.axisOutOfRange({ axis: value.value, type, rank: shape.length, span }));
  return axis;
}

function named(frame: Frame, node: Typed, name: string, size: Index | undefined, span: Span): number {
  const { shape } = node.type;
  const type = printType(node.type);
  const byName = shape.flatMap((d, i) => (d.name === name && name !== '' ? [i] : []));
  if (byName.length > 1) return fail(frame, messages.ambiguousAxis({ name, type, span }));
  if (byName.length === 1) return byName[0];
  const bySize = size ? shape.flatMap((d, i) => (d.size.key === size.key ? [i] : [])) : [];
  if (bySize.length > 1) return fail(frame, messages.ambiguousAxis({ name: name || 'so', type, span }));
  if (bySize.length === 1) return bySize[0];
  return fail(
    frame,
    messages.unknownAxis({ name: name || 'so', names: shape.flatMap((d) => d.name ?? []), type, span }),
  );
}
