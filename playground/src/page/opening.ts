// What the page begins with: what a link holds, what was written last, or an example.
import { exampleNamed, examples, type Example } from '../examples/examples.js';
import { paneNamed, panes } from '../panes/registry.js';
import { sharedIn, type Shared } from '../share.js';
import type { State } from '../state.js';
import { draftHere, lastDraft } from './draft.js';

export interface Opening {
  readonly state: State;
  /** The page stands within another one, as a lesson: `?embed`. */
  readonly embedded: boolean;
  /** It is what somebody has written here, of which nothing else knows. */
  readonly written: boolean;
  /** What is to be said of the link. */
  readonly message?: string;
}

/** `?example=xor&pane=code`, `?embed&…`, `#1.…` */
export async function openingOf({ search, hash }: Pick<Location, 'search' | 'hash'>): Promise<Opening> {
  const query = new URLSearchParams(search);
  const embedded = query.has('embed');
  const read = sharedIn(hash);
  const isAsked = query.has('example') || embedded;
  const isLinked = read.kind === 'shared';
  const draft = embedded ? undefined : (draftHere() ?? (isLinked || isAsked ? undefined : lastDraft()));
  const shared = draft ?? (isLinked ? read.shared : undefined);
  const common = { target: 'wasm', lit: { lines: [], by: 'editor' }, pane: 'train' } as const;
  const opened = shared ? stateOf(shared) : await openedOf(exampleNamed(query.get('example')) ?? examples[0]);
  const pane = paneNamed(query.get('pane'));
  const absent = [absentIn(query, 'example', examples), absentIn(query, 'pane', panes)].flatMap((said) => said ?? []);
  const message = read.kind === 'none' ? absent.at(0) : read.message;
  return {
    state: { ...common, ...opened, ...(pane && { pane }) },
    embedded,
    written: draft !== undefined,
    ...(message !== undefined && { message }),
  };
}

/** What is to be said where an address asks for something that is not there. */
function absentIn(
  query: URLSearchParams,
  what: 'example' | 'pane',
  there: readonly { id: string }[],
): string | undefined {
  const asked = query.get(what);
  const ids = there.map(({ id }) => id);
  return asked === null || ids.includes(asked)
    ? undefined
    : `there is no ${what} ${asked}: there are ${ids.join(', ')}`;
}

export async function openedOf(example: Example): Promise<Pick<State, 'source' | 'data'>> {
  const { default: text } = await example.load();
  return { source: { file: `${example.id}.nn`, text }, data: example.data };
}

function stateOf({ file, text, ...rest }: Shared): Pick<State, 'source' | 'data' | 'pane' | 'target'> {
  return { source: { file, text }, ...rest };
}

export function sharedOf({ source, data, pane, target }: State): Shared {
  return { ...source, data, pane, target };
}
