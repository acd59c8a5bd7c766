// What is in scope everywhere: the library, whose definitions are read when something asks for them, and what the language itself has.
import { builtins, constants } from '../passes/elaborate/builtins.js';
import { library } from '../passes/library.js';
import { forms } from '../parser/forms.js';
import type { Outlined } from '../parser/outline.js';
import type { Builtin } from '../passes/elaborate/values.js';
import { callableOf, Names, type Entity, type EntityKind } from './entities.js';

/** The outermost names. Invariant: they are the same for every file. */
export function everywhere(): Names {
  scope ??= made();
  return scope;
}

/** All of them, for lists. */
export function inScopeEverywhere(): readonly Entity[] {
  everywhere();
  return [...entities.values()];
}

/** The builtin of a name. */
export function builtinOf(name: string): Builtin | undefined {
  return builtins.find((each) => each.name === name);
}

let scope: Names | undefined;
const entities = new Map<string, Entity>();

function made(): Names {
  for (const { name, kind, summary } of builtins)
    if (kind !== undefined) entities.set(name, { kind: 'builtin', name, doc: () => summary });
  for (const { name, summary } of constants) entities.set(name, { kind: 'builtin', name, doc: () => summary });
  const training = forms.find(({ name }) => name === 'training');
  entities.set('training', { kind: 'builtin', name: 'training', doc: () => training?.summary });
  for (const { text, definitions } of library())
    for (const each of definitions) entities.set(each.name.name, ofLibrary(each, text));
  return new Names(undefined, undefined, (name) => entities.get(name));
}

function ofLibrary(outlined: Outlined, text: string): Entity {
  const { name, span } = outlined.name;
  return {
    kind: kindAt(text, span.start),
    name,
    span,
    doc: () => outlined.read().doc,
    callable: () => callableOf(outlined.read()),
  };
}

/** The word before a definition's name. */
function kindAt(text: string, start: number): EntityKind {
  const word = /(\w+) +$/.exec(text.slice(Math.max(0, start - 20), start))?.[1];
  return word === 'layer' || word === 'optimizer' ? word : 'fn';
}
