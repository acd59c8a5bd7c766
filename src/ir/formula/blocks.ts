// Sums of padded blocks as what they are put together to: [δ_i, δ_f, δ_g, δ_o] for the cotangent of what was split.
import { isOp, type NodeOf } from '../graph.js';
import { constantOf } from '../index.js';
import { pad } from '../ops/movement.js';
import { apply, axesSetting, infix, list, number, seen, standingFor, type Formula } from './tree.js';

/** One of the blocks: where it stands along the axis, and what. */
interface Block {
  readonly low: number;
  readonly high: number;
  readonly of: Formula;
}

/** A sum of blocks that stand beside one another, zeros elsewhere, as a list of them; undefined of other sums. */
export function blocksOf(formula: Formula): Formula | undefined {
  const terms = termsOf(formula);
  if (terms.length < 2) return undefined;
  const padded = terms.map((term) => ({ term, axis: axisPadded(term) }));
  const [{ axis }] = padded;
  if (axis === undefined || padded.some((each) => each.axis !== axis)) return undefined;
  const whole = terms[0].node?.type.shape ?? [];
  const end = constantOf(whole[axis].size);
  const blocks = terms.flatMap((term) => blockOf(term, axis) ?? []);
  if (end === undefined || blocks.length < terms.length) return undefined;
  const items = besideOneAnother(blocks, end);
  if (!items) return undefined;
  const made = list(items);
  const settled =
    axis === whole.length - 1 ? made : apply('concat', [made], { settings: [axesSetting([axis], whole)] });
  return formula.node ? standingFor(formula.node, settled) : settled;
}

function termsOf(formula: Formula): Formula[] {
  const of = seen(formula);
  if (of.kind !== 'infix' || of.operator !== 'add') return [of];
  return [...termsOf(of.left), ...termsOf(of.right)];
}

function padOf({ kind, node }: Formula): NodeOf<typeof pad> | undefined {
  return kind === 'apply' && node && isOp(node, pad) && node.attrs.value === 0 ? node : undefined;
}

/** The one axis along which a term is padded with zeros. */
function axisPadded(term: Formula): number | undefined {
  const { low, high } = padOf(term)?.attrs ?? { low: [], high: [] };
  const axes = low.flatMap((n, i) => (n !== 0 || high[i] !== 0 ? [i] : []));
  return axes.length === 1 && low[axes[0]] >= 0 && high[axes[0]] >= 0 ? axes[0] : undefined;
}

function blockOf(term: Formula, axis: number): Block | undefined {
  const node = padOf(term);
  const size = node && constantOf(node.inputs[0].type.shape[axis].size);
  if (!node || size === undefined || term.kind !== 'apply') return undefined;
  const low = node.attrs.low[axis];
  return { low, high: low + size, of: term.args[0] };
}

/** The blocks in their order, those at one place added up, 0 for what is between them; undefined where they overlap. */
function besideOneAnother(blocks: readonly Block[], end: number): Formula[] | undefined {
  const items: Formula[] = [];
  let at = 0;
  const ordered = [...blocks].sort((a, b) => a.low - b.low || a.high - b.high);
  for (const [n, { low, high, of }] of ordered.entries()) {
    const before = ordered[n - 1];
    if (n > 0 && before.low === low && before.high === high) {
      items.push(infix('add', items.splice(-1)[0], of));
      continue;
    }
    if (low < at) return undefined;
    if (low > at) items.push(number(0));
    items.push(of);
    at = high;
  }
  if (at < end) items.push(number(0));
  return items;
}
