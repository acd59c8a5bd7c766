// What keeps the operand of a logarithm, root, power or division away from 0, as it would be written.
import type { Fix, Label } from '../../diagnostics/diagnostic.js';
import type { Unguarded } from '../../diagnostics/lints.js';
import type { Range } from '../../passes/derive/reach/ranges.js';
import { print } from '../../parser/print.js';
import type { Expression } from '../../parser/tree.js';
import type { Analysis } from '../analyze.js';
import { isSame } from '../entities.js';
import { everywhere } from '../library.js';

const longest = 30;

export function labelOf(written: Expression): Label {
  const text = print(written);
  return { span: written.span, text: text.length <= longest ? text : '' };
}

/** The operand in its guard: `max(p, 1e-8)`. */
function guarded(what: Unguarded, text: string, { low, high }: Range): string {
  switch (what) {
    case 'log':
    case 'power-of-negative':
      return `max(${text}, 1e-8)`;
    case 'sqrt':
    case 'steep-power':
      return low >= 0 ? `${text} + 1e-12` : `max(${text}, 1e-12)`;
    case 'division':
    case 'power':
      if (low < 0 && high > 0) return `if abs(${text}) < 1e-8 then 1e-8 else ${text}`;
      return high > 0 ? `max(${text}, 1e-8)` : `min(${text}, -1e-8)`;
    default:
      return what satisfies never;
  }
}

/** The whole with its guard, long operands as x. */
export function helpOf(what: Unguarded, written: Expression, whole: Expression, range: Range): string {
  const text = print(written);
  const short = guarded(what, text, range);
  const guard = short.length <= 2 * longest ? short : guarded(what, 'x', range);
  const apart = isLoose(guard) ? `(${guard})` : guard;
  if (what === 'log' || what === 'sqrt') return `${what}(${guard})`;
  return what === 'division' ? `… / ${apart}` : `${apart}^${exponentOf(whole)}`;
}

/** Has it operators that those around it would take apart? */
function isLoose(guard: string): boolean {
  return guard.startsWith('if ') || guard.endsWith(' + 1e-12');
}

function exponentOf(whole: Expression): string {
  const exponent =
    whole.kind === 'binary' ? whole.right : whole.kind === 'call' ? whole.arguments.at(1)?.value : undefined;
  const text = exponent ? print(exponent) : '';
  return /^-?[\w.]+$/.test(text) ? text : 'p';
}

/** What mends it: where there is one, another way to say the same; else the guard, with which the model computes something else. */
export function fixOf(
  what: Unguarded,
  written: Expression,
  whole: Expression,
  range: Range,
  analysis: Analysis,
): Fix | undefined {
  const { source } = analysis;
  const { span } = written;
  const exact = logOfSoftmax(written, whole, analysis);
  if (exact || span.file !== source.file) return exact;
  const guard = guarded(what, source.text.slice(span.start, span.end), range);
  const isEnclosed = source.text[span.start - 1] === '(' && source.text[span.end] === ')';
  const text = isLoose(guard) && !isEnclosed && whole.kind === 'binary' ? `(${guard})` : guard;
  return { title: 'keep it away from 0', edits: [{ span, text }], chosen: true };
}

/** log(softmax(x)) and x |> softmax |> log are log_softmax: the same numbers, and finite. */
function logOfSoftmax(written: Expression, whole: Expression, { names, source }: Analysis): Fix | undefined {
  const isLibrarys = (expression: Expression, name: string): boolean =>
    expression.kind === 'name' &&
    expression.name === name &&
    names.uses.some(({ span, entity }) => {
      const library = everywhere().known(name);
      return span.start === expression.span.start && entity && library && isSame(entity, library);
    });
  const calleeOf = (expression: Expression): Expression =>
    expression.kind === 'binary' && expression.operator === '|>'
      ? calleeOf(expression.right)
      : expression.kind === 'call'
        ? expression.callee
        : expression;
  const [outer, inner] = [whole, written].map(calleeOf);
  if (!isLibrarys(inner, 'softmax') || !isLibrarys(outer, 'log') || outer.span.file !== source.file) return undefined;
  const { file } = source;
  const renamed = { span: inner.span, text: 'log_softmax' };
  const left = { file, start: whole.span.start, end: written.span.start };
  const right = { file, start: written.span.end, end: whole.span.end };
  const edits = [{ span: left, text: '' }, renamed, { span: right, text: '' }].filter(
    ({ span: { start, end } }) => end > start,
  );
  return { title: 'write log_softmax', edits };
}
