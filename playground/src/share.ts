// A playground as an address: `#1.…`, a version and then what is shared, deflated. Nothing is kept anywhere else.
import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import { choiceIn, type DataChoice } from './data/choice.js';
import { paneNamed, type PaneId } from './panes/registry.js';
import { targets, type Target } from '../../src/targets.js';

/** What an address holds. */
export interface Shared {
  readonly file: string;
  readonly text: string;
  readonly data: DataChoice;
  readonly pane: PaneId;
  readonly target: Target;
}

/** Addresses of this version are read for ever: what they hold may grow, and nothing in it changes its meaning. */
const version = 1;

/** Browsers go to addresses of so many characters. */
export const longest = 1_000_000;

/** A name that leads to no other folder, where a project is unpacked. */
const fileName = /^[\p{L}\d_][\p{L}\d_. -]*\.nn$/u;

/** The part of an address behind its `#`. */
export function addressOf(shared: Shared): string {
  const packed = deflateSync(strToU8(JSON.stringify(shared)), { level: 9 });
  const binary = Array.from(packed, (byte) => String.fromCharCode(byte)).join('');
  return `${version}.${btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}`;
}

export type Read =
  /** `message`: what is to be said of it all the same. */
  | { readonly kind: 'shared'; readonly shared: Shared; readonly message?: string }
  | { readonly kind: 'none' }
  /** What is to be said of it. */
  | { readonly kind: 'damaged'; readonly message: string };

/** What the part of an address behind its `#` holds. */
export function sharedIn(hash: string): Read {
  const [, found, packed] = /^#?(\d+)\.([\w-]*)$/.exec(hash) ?? [];
  if (found === undefined) return { kind: 'none' };
  if (Number(found) > version)
    return {
      kind: 'damaged',
      message: `this link is of version ${found}, and this playground reads version ${version}: close its tabs, and open the link again`,
    };
  try {
    const bytes = Uint8Array.from(atob(packed.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const read = JSON.parse(strFromU8(inflateSync(bytes))) as Partial<Record<keyof Shared, unknown>>;
    if (typeof read.text !== 'string') throw new Error('no text');
    const data = choiceIn(read.data);
    return {
      kind: 'shared',
      ...(!data && { message: 'the data of this link cannot be read: exclusive or stands in their place' }),
      shared: {
        text: read.text,
        file: typeof read.file === 'string' && fileName.test(read.file) ? read.file : 'model.nn',
        data: data ?? { kind: 'xor' },
        pane: paneNamed(String(read.pane)) ?? 'train',
        target: Object.values(targets).find(({ name }) => name === read.target)?.name ?? 'wasm',
      },
    };
  } catch {
    return { kind: 'damaged', message: 'this link is damaged: it was cut short, or changed on its way' };
  }
}
