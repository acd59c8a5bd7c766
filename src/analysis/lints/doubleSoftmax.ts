// `double-softmax`: a loss that takes logits is given what softmax, or sigmoid, was applied to already.
import { doubleSoftmax as message } from '../../diagnostics/lints.js';
import type { Diagnostic, Fix, Span } from '../../diagnostics/diagnostic.js';
import { lineSpan } from '../../diagnostics/position.js';
import { isOp, type Node, type Op } from '../../ir/graph.js';
import type { ModelGraph } from '../../ir/model.js';
import { div, mul } from '../../ir/ops/arithmetic.js';
import { numberOf } from '../../ir/ops/calls.js';
import { broadcast, permute, reshape, slice } from '../../ir/ops/movement.js';
import { sigmoid, softplus } from '../../ir/ops/transcendental.js';
import { reachable } from '../../ir/reachable.js';
import { sharesOf } from '../../ir/recognise.js';

/** What is known of a model's text. */
export interface TextOfModel {
  /** Where a node is made; undefined where nothing in the text makes it. */
  placeOf(node: Node): Span | undefined;
  /** What gives the call that makes `outer` what `inner` is made of. */
  fixOf?(outer: Node, inner: Node): Fix | undefined;
}

/**
 * A warning for each place where it happens in the loss of a model. Of a softmax within a model, as that of attention, nothing is said:
 * what counts is a logarithm of shares of shares.
 */
export function doubleSoftmax(model: ModelGraph, text: TextOfModel = byLines(model)): Diagnostic[] {
  const { loss } = model.training;
  if (!loss) return [];
  const whole = { file: model.file, ...model.place };
  const told = new Set<string>();
  return reachable([loss]).flatMap((node) => {
    const found = squashedTwice(node);
    if (!found) return [];
    const [span, inner] = [text.placeOf(node) ?? whole, text.placeOf(found.inner)];
    const key = `${span.file} ${span.start}`;
    if (told.has(key)) return [];
    told.add(key);
    return [
      message({
        loss: span,
        inner: inner && inner.start !== span.start ? inner : undefined,
        binary: found.binary,
        fix: text.fixOf?.(node, found.inner),
      }),
    ];
  });
}

/** The shares, or probabilities, that a node takes logarithms of once more. */
function squashedTwice(node: Node): { readonly inner: Node; readonly binary: boolean } | undefined {
  const outer = sharesOf(node);
  if (outer?.isLogarithm) {
    const inner = behindScales(outer.of);
    return sharesOf(inner) && { inner, binary: false };
  }
  if (!isOp(node, softplus)) return undefined;
  const inner = behindScales(node.inputs[0]);
  return isOp(inner, sigmoid) ? { inner, binary: true } : undefined;
}

const moving: readonly Op[] = [broadcast, reshape, permute, slice];

/** What is moved, and multiplied with numbers: a temperature changes little. */
function behindScales(node: Node): Node {
  let at = node;
  for (;;) {
    if (moving.includes(at.op)) [at] = at.inputs;
    else if (isOp(at, mul, div) && numberOf(at.inputs[1]) !== undefined) [at] = at.inputs;
    else if (isOp(at, mul) && numberOf(at.inputs[0]) !== undefined) [, at] = at.inputs;
    else return at;
  }
}

/** By the line that a node comes from: of the model's own file. */
function byLines({ file, text, sources }: ModelGraph): TextOfModel {
  const [own] = sources.keys();
  return { placeOf: ({ origin }) => (origin?.file === own ? lineSpan(file, text, origin.line) : undefined) };
}
