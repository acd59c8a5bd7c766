// Links of the playground: what is shared comes back as it was, and of what somebody has changed or cut nothing gets into the page.
import { deflateSync, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openingOf } from '../../playground/src/page/opening.js';
import { addressOf, sharedIn, type Shared } from '../../playground/src/share.js';

const shared: Shared = {
  file: 'mine.nn',
  text: 'model m { }',
  data: { kind: 'spirals', points: [{ x: 0.5, y: -1, class: 2 }] },
  pane: 'code',
  target: 'wgsl',
};

const linkOf = (said: unknown): string =>
  `1.${Buffer.from(deflateSync(strToU8(JSON.stringify(said)))).toString('base64url')}`;

it('what is shared is read as it was', () => {
  expect(sharedIn(`#${addressOf(shared)}`)).toEqual({ kind: 'shared', shared });
});

const damaged = { kind: 'damaged', message: 'this link is damaged: it was cut short, or changed on its way' };

it.each([
  ['cut short', addressOf(shared).slice(0, 40)],
  ['of other bytes', '1.AAAA____'],
  ['empty', '1.'],
  ['of no JSON', `1.${Buffer.from(deflateSync(strToU8('{'))).toString('base64url')}`],
  ['of null', linkOf(null)],
  ['of a list', linkOf([1])],
  ['without a text', linkOf({ ...shared, text: 1 })],
])('a link %s is damaged', (_, link) => {
  expect(sharedIn(`#${link}`)).toEqual(damaged);
});

it('a link of a later version is told apart, and what is no link is none', () => {
  const message =
    'this link is of version 2, and this playground reads version 1: close its tabs, and open the link again';
  expect(sharedIn('#2.abc')).toEqual({ kind: 'damaged', message });
  expect(sharedIn('#panel')).toEqual({ kind: 'none' });
});

const instead = 'the data of this link cannot be read: exclusive or stands in their place';

it.each([
  ['of a kind that there is not', { kind: 'moon' }],
  ['of a kind of all objects', { kind: 'constructor' }],
  ['absent', undefined],
  ['a word', 'xor'],
  ['points that are none', { kind: 'xor', points: [null] }],
  ['points outside', { kind: 'xor', points: [{ x: 1e300, y: 0, class: 0 }] }],
  ['points of no class', { kind: 'moons', points: [{ x: 0, y: 0, class: -1 }] }],
  ['a number of points', { kind: 'xor', points: 5 }],
  ['a csv without its text', { kind: 'csv', name: 'own.csv' }],
  ['a text that is none', { kind: 'text', text: 5 }],
])('data that are %s are not taken, and the text is', (_, data) => {
  expect(sharedIn(linkOf({ ...shared, data }))).toEqual({
    kind: 'shared',
    shared: { ...shared, data: { kind: 'xor' } },
    message: instead,
  });
});

it.each(['../../up.nn', '/etc/x.nn', 'a\\b.nn', '.nn', 'model.js', 5])(
  'a file called %s is called model.nn',
  (file) => {
    expect(sharedIn(linkOf({ ...shared, file }))).toEqual({ kind: 'shared', shared: { ...shared, file: 'model.nn' } });
  },
);

it('views and targets that there are not are those of the beginning', () => {
  const read = sharedIn(linkOf({ ...shared, pane: 'constructor', target: 'wgsl,wasm' }));
  expect(read).toEqual({ kind: 'shared', shared: { ...shared, pane: 'train', target: 'wasm' } });
});

describe('an address', () => {
  it.each([
    ['?example=none', 'there is no example none: there are xor, textbook, spirals, iris, digits, moby-dick'],
    ['?pane=none', 'there is no pane none: there are train, gradient, graph, code, stages, cost'],
    [
      '?embed&example=none&pane=none',
      'there is no example none: there are xor, textbook, spirals, iris, digits, moby-dick',
    ],
  ])('%s opens, and says what is not there', async (search, message) => {
    const opening = await openingOf({ search, hash: '' });
    expect(opening).toMatchObject({ message, embedded: search.startsWith('?embed'), state: { pane: 'train' } });
    expect(opening.state.source.file).toBe('xor.nn');
  });

  it('?embed&example=textbook&pane=gradient has nothing to be said of', async () => {
    const opening = await openingOf({ search: '?embed&example=textbook&pane=gradient', hash: '' });
    expect(opening).toMatchObject({ embedded: true, state: { pane: 'gradient', source: { file: 'textbook.nn' } } });
    expect(opening.message).toBeUndefined();
  });
});
