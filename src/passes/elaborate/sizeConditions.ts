// Conditions over run-time sizes that each call has to check.
import type { Index } from '../../ir/index.js';
import type { Requirement, SizeCondition } from '../../ir/model.js';
import { knownOf } from '../../ir/requirements.js';
import type { Frame } from './frame.js';

/** Lets each call check a condition over run-time sizes, which `text` states: as what the model itself calls, not the library within. */
export function requireOfSizes(frame: Frame, condition: SizeCondition, text: string): void {
  const { requirements, calls, isLibrary } = frame.context;
  const call = calls.findLast(({ span }) => !isLibrary(span.file)) ?? calls.at(-1);
  const owner = call?.definition.kind === 'layer' ? layerIn(frame.naming.prefix, call.name) : call?.name;
  const requirement: Requirement = { text, condition, ...(owner !== undefined && { owner }) };
  requirements.set(JSON.stringify([owner, text, keyOf(condition)]), requirement);
}

/** The path down to a layer of that name, without what stands in it: `edges.conv2d` of `edges.conv2d.product`. */
function layerIn(path: string, layer: string): string {
  const parts = path.split('.');
  const at = parts.findLastIndex((part) => part.replace(/_\d+$/, '') === layer);
  return at < 0 ? path : parts.slice(0, at + 1).join('.');
}

/** Has this very condition been required already, in whatever words? */
export function isRequired(frame: Frame, condition: SizeCondition): boolean {
  return [...frame.context.requirements.values()].some((known) => keyOf(known.condition) === keyOf(condition));
}

/** Requires left <= right: of each call, where it is not known for all sizes. False where it holds for none. */
export function requireAtMost(frame: Frame, left: Index, right: Index, text: string): boolean {
  const condition = { kind: 'compare', operator: '<=', left, right } as const;
  const known = knownOf(condition);
  if (known === undefined && !isRequired(frame, condition)) requireOfSizes(frame, condition, text);
  return known !== false;
}

function keyOf(condition: SizeCondition): string {
  if (condition.kind === 'compare') return `${condition.left.key} ${condition.operator} ${condition.right.key}`;
  const parts = condition.kind === 'not' ? [condition.of] : condition.parts;
  return `${condition.kind}(${parts.map(keyOf).join(', ')})`;
}
