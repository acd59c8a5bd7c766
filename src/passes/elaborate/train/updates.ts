// The update of each parameter that a train block trains.
import { noOptimizer, patternIdle } from '../../../diagnostics/training.js';
import type { ModelParameter, Update } from '../../../ir/model.js';
import { tensor, typeKey } from '../../../ir/types.js';
import { atStatement, fail } from '../frame.js';
import { guarded } from '../bodies.js';
import { isDrawn, updateLike, updateOf } from '../optimizers.js';
import { matches } from './patterns.js';
import type { Block, Chosen } from './settings.js';

const anyParameter: ModelParameter = {
  name: 'w',
  type: tensor([]),
  initial: { kind: 'fill', value: 0 },
  trained: true,
  owners: [],
};

/** Of each of these; what is wrong within an optimizer is told also where no parameter came to have it. */
export function updatesOf(block: Block, own: readonly ModelParameter[]): Update[] {
  const { name, span, optimizers } = block;
  const { frame } = block.run;
  const updates: Update[] = [];
  const used = new Map<Chosen, ModelParameter[]>();
  // The update of a parameter is that of any other of its type and optimizer, over leaves of its own.
  const known = new Map<Chosen, Map<string, Update>>();
  for (const p of own) {
    if (optimizers.length === 0) break;
    // The first matching pattern wins, then the default.
    const chosen =
      optimizers.find((o) => o.patterns?.some(({ value }) => matches(value, p.name))) ??
      optimizers.find((o) => o.patterns === undefined);
    if (!chosen && hasFaultyOptimizer(block)) continue;
    if (!chosen) return fail(frame, noOptimizer({ parameter: p.name, span }));
    used.set(chosen, [...(used.get(chosen) ?? []), p]);
    const inner = atStatement(frame, chosen.span);
    const alike = known.get(chosen) ?? new Map<string, Update>();
    known.set(chosen, alike);
    const type = typeKey(p.type);
    const update = (): Update => {
      const first = alike.get(type);
      if (first) return updateLike(first, p, inner);
      const made = updateOf(chosen.optimizer, p, chosen.span, inner, name);
      // Draws are each parameter's own.
      if (!isDrawn(made)) alike.set(type, made);
      return made;
    };
    guarded(inner, [], () => updates.push(frame.context.g.at(inner.origin, update, { kind: 'update' })));
  }
  for (const o of optimizers) {
    const inner = atStatement(frame, o.span);
    if (!used.has(o)) guarded(inner, [], () => void updateOf(o.optimizer, anyParameter, o.span, inner, name));
  }
  // Of a model with errors nothing is trained.
  if (own.length > 0) for (const chosen of optimizers) warnOfIdle(chosen, used.get(chosen) ?? [], block, own);
  return updates;
}

/** Patterns that choose nothing: what they match is not this block's to train, or patterns before them have chosen it. */
function warnOfIdle(
  { patterns = [], span: place }: Chosen,
  used: readonly ModelParameter[],
  { name, optimizers, run: { frame } }: Block,
  own: readonly ModelParameter[],
): void {
  for (const { value: pattern, span } of patterns) {
    if (used.some((p) => matches(pattern, p.name))) continue;
    const first = own.find((p) => matches(pattern, p.name));
    const winner =
      first && optimizers.find((o) => o.patterns?.some(({ value }) => matches(value, first.name)))?.patterns;
    const by = first && winner?.find(({ value }) => matches(value, first.name));
    const inner = atStatement(frame, place);
    inner.context.report(patternIdle({ pattern, span, ...(by && { by }), ...(name !== undefined && { block: name }) }));
  }
}

/** Whether one is given that could not be read: it may be meant for what no other is for, and its own error is told. */
function hasFaultyOptimizer({ seen, optimizers }: Block): boolean {
  const given = [...seen.keys()].filter((key) => key.startsWith('optimizer')).length;
  const read = optimizers.reduce((count, { patterns }) => count + (patterns?.length ?? 1), 0);
  return read < given;
}
