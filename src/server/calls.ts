// The call around the cursor, read from the text alone: it is seldom complete while it is written.
import { aName } from '../diagnostics/name.js';
import type { Entity } from '../analysis/entities.js';
import { everywhere } from '../analysis/library.js';
import type { Page } from './pages.js';

export interface CallAt {
  readonly entity: Entity;
  /** Of a definition in two steps: which of its lists. */
  readonly step: 'configuration' | 'data';
  /** The place among the arguments, from 0. */
  readonly position: number;
  /** The argument's name, where it is being given by name. */
  readonly name?: string;
  /** Names given so far. */
  readonly given: readonly string[];
}

const nameBefore = new RegExp(`${aName}$`, 'u');
const named = new RegExp(`^\\s*(${aName})\\s*=(?!=)`, 'u');

/** So far back an opening bracket is looked for. */
const farthest = 4000;

export function callAt(page: Page, offset: number): CallAt | undefined {
  const before = codeBefore(page, offset);
  const open = openBracket(before);
  if (open === undefined) return undefined;
  let head = before.slice(0, open).trimEnd();
  const second = head.endsWith(')');
  if (second) head = head.slice(0, openBracket(head.slice(0, -1)) ?? 0).trimEnd();
  const name = nameBefore.exec(head)?.[0];
  const entity = name === undefined ? undefined : entityNamed(page, name, offset);
  if (!entity) return undefined;
  const parts = partsOf(before.slice(open + 1));
  const last = parts.at(-1) ?? '';
  const own = named.exec(last)?.[1];
  return {
    entity,
    step: second || !entity.callable?.()?.configuration ? 'data' : 'configuration',
    position: parts.length - 1,
    ...(own !== undefined && { name: own }),
    given: parts.slice(0, -1).flatMap((part) => named.exec(part)?.[1] ?? []),
  };
}

export function entityNamed(page: Page, name: string, offset: number): Entity | undefined {
  return page.visibleAt(offset).find((entity) => entity.name === name) ?? everywhere().known(name);
}

/** What stands before an offset, not too far back, with blanks for texts and comments. */
export function codeBefore({ text }: Page, offset: number): string {
  return withoutTexts(text.slice(Math.max(0, offset - farthest), offset));
}

/** Texts and comments as blanks: brackets in them are none. */
function withoutTexts(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*/g, (found) => ' '.repeat(found.length));
}

/** The place of the round bracket that is open at the end of a text. */
function openBracket(text: string): number | undefined {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    const sign = text[at];
    if (sign === ')' || sign === ']') depth++;
    else if (sign === '(' || sign === '[') {
      if (depth === 0) return sign === '(' ? at : undefined;
      depth--;
    } else if ((sign === '{' || sign === '}') && depth === 0) return undefined;
  }
  return undefined;
}

/** The arguments of a list, at its outermost commas. */
function partsOf(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const sign of text) {
    if (sign === '(' || sign === '[' || sign === '{') depth++;
    if (sign === ')' || sign === ']' || sign === '}') depth--;
    if (sign === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts;
}
