// What is written in the playground stays: by the entry of the tab's history that it was written at, else as what any tab wrote last.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { areKept, keepDraft } from '../../playground/src/page/draft.js';
import { keeperOf } from '../../playground/src/page/keeping.js';
import { openingOf } from '../../playground/src/page/opening.js';
import { storeOf } from '../../playground/src/page/store.js';
import { addressOf, sharedIn, type Shared } from '../../playground/src/share.js';
import type { State } from '../../playground/src/state.js';

const written: Shared = {
  file: 'mine.nn',
  text: 'model mine { }',
  data: { kind: 'moons' },
  pane: 'cost',
  target: 'ts',
};
const plain = { search: '', hash: '' };
const textAt = async (at: typeof plain): Promise<string> => (await openingOf(at)).state.source.text;

/** A tab at an address, beside others that have the same storage. */
function tabAt(address: string, kept: Map<string, string>) {
  const tab = { state: null as unknown, address };
  const location = { href: `https://nnc.test/p/${address}`, pathname: '/p/' };
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', {
    get state() {
      return tab.state;
    },
    replaceState(state: unknown, _: string, to: string | URL) {
      tab.state = state;
      tab.address = String(to);
      location.href = new URL(tab.address, location.href).href;
    },
  });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  return tab;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('a draft', () => {
  it('is what a reload of its tab shows, whatever another tab has written since, and what a new tab begins with', async () => {
    const kept = new Map<string, string>();
    const first = tabAt('?example=iris', kept);
    keepDraft(written);
    expect(first.address).toBe('/p/');
    expect(await openingOf(plain)).toMatchObject({ written: true, state: { target: 'ts', pane: 'cost' } });
    const second = tabAt('', kept);
    expect(await textAt(plain)).toBe(written.text);
    keepDraft({ ...written, text: 'model other { }' });
    expect(second.state).not.toEqual(first.state);
    tabAt('', kept);
    expect(await textAt(plain)).toBe('model other { }');
    vi.stubGlobal('history', { state: first.state });
    expect(await textAt(plain)).toBe(written.text);
  });

  it('gives way to a link and to an example', async () => {
    tabAt('', new Map([['nnc-draft', addressOf(written)]]));
    expect(await textAt({ search: '', hash: `#${addressOf({ ...written, text: 'model linked { }' })}` })).toBe(
      'model linked { }',
    );
    expect(await openingOf({ search: '?example=iris', hash: '' })).toMatchObject({
      written: false,
      state: { source: { file: 'iris.nn' } },
    });
  });

  it('leaves out data that would take long to pack, with their name', () => {
    const kept = new Map<string, string>();
    tabAt('', kept);
    const large: Shared = { ...written, data: { kind: 'csv', name: 'own.csv', text: '1,2\n'.repeat(300_000) } };
    expect([areKept(written), areKept(large)]).toEqual([true, false]);
    keepDraft(large);
    expect(sharedIn(kept.get('nnc-draft') ?? '')).toMatchObject({
      shared: { text: written.text, data: { kind: 'csv', name: 'own.csv', text: '' } },
    });
  });

  it('is in the tab where storage is full, and nowhere where both are forbidden', async () => {
    const full = (): never => {
      throw new Error('QuotaExceededError');
    };
    tabAt('', new Map());
    vi.stubGlobal('localStorage', { setItem: full, getItem: full });
    keepDraft(written);
    expect(await textAt(plain)).toBe(written.text);
    vi.stubGlobal('history', {
      get state(): unknown {
        return full();
      },
      replaceState: full,
    });
    keepDraft(written);
    expect(await textAt(plain)).toContain('model xor');
  });
});

describe('a page', () => {
  const events = new EventTarget();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('addEventListener', events.addEventListener.bind(events));
  });

  const pageAt = (address: string, isWritten = false) => {
    const kept = new Map<string, string>();
    const tab = tabAt(address, kept);
    const state = {
      source: { file: 'iris.nn', text: 'as it was' },
      data: { kind: 'iris' },
      pane: 'train',
      target: 'wasm',
    };
    const store = storeOf({ ...state, lit: { lines: [], by: 'editor' } } as State);
    return { kept, tab, store, keeper: keeperOf(store, isWritten) };
  };

  it('has its view in the address while nothing is written, and all as a draft once something is', () => {
    const { kept, tab, store } = pageAt('?example=iris');
    store.set({ pane: 'cost' });
    vi.runAllTimers();
    expect(tab.address).toBe('https://nnc.test/p/?example=iris&pane=cost');
    expect(kept.size).toBe(0);
    store.set({ source: { file: 'iris.nn', text: 'another' } });
    expect(kept.size).toBe(0);
    vi.runAllTimers();
    expect(tab.address).toBe('/p/');
    expect(sharedIn(kept.get('nnc-draft') ?? '')).toMatchObject({ shared: { text: 'another', pane: 'cost' } });
  });

  it('keeps points that are drawn, and at once when it is left', () => {
    const { kept, store } = pageAt('');
    store.set({ data: { kind: 'xor', points: [{ x: 0, y: 0, class: 1 }] } });
    expect(kept.size).toBe(0);
    events.dispatchEvent(new Event('pagehide'));
    expect(sharedIn(kept.get('nnc-draft') ?? '')).toMatchObject({ shared: { data: { points: [{ class: 1 }] } } });
  });

  it('keeps nothing of an example that is opened in its place', () => {
    const { kept, store, keeper } = pageAt('', true);
    store.set({ source: { file: 'xor.nn', text: 'an example' }, data: { kind: 'xor' } });
    keeper.opened(false);
    vi.runAllTimers();
    expect(kept.size).toBe(0);
  });
});
