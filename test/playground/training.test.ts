// What the page is told of a run, by the services that its worker has.
import { expect, it, vi } from 'vitest';
import { stages } from '../../playground/src/compiler/services/stages.js';
import { inside } from '../../playground/src/training/inside.js';
import { look } from '../../playground/src/training/look.js';
import { prepare, type Prepared } from '../../playground/src/training/run.js';

// Node imports no module of a blob.
vi.mock('../../playground/src/training/trainer.js', () => ({
  moduleOf: (code: string) => import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`),
}));

const modelOf = (inputs: string, body: string): string =>
  `model m {\n${inputs}\n${body}\n  train { optimizer = sgd(lr = 0.1) }\n}\n`;

async function begun(text: string, csv: string): Promise<Prepared> {
  return prepare({ source: { file: 'm.nn', text }, data: { kind: 'csv', name: 'own.csv', text: csv }, target: 'ts' });
}

const amounts = modelOf(
  '  input x: [batch, 3]\n  input y: [batch, 1]',
  '  output z = x |> dense(1)\n  loss = mean((z - y)^2)',
);

it('columns are called what the header calls them, and amounts are neither right nor wrong', async () => {
  await begun(amounts, 'width,"the ""height""",depth,price\n1,2,3,199.5\n4,5,6,80\n');
  const seen = await look();
  expect(seen).toMatchObject({ kind: 'rows', names: ['width', 'the "height"', 'depth'] });
  if (seen.kind !== 'rows') throw new Error(seen.kind);
  expect(seen.samples.map(({ truth, right }) => [truth, right])).toEqual([
    ['200', undefined],
    ['80', undefined],
  ]);
  await begun(amounts, '1,2,3,0\n4,5,6,1\n');
  const bare = await look();
  expect(bare).toMatchObject({ names: ['[0]', '[1]', '[2]'] });
  expect(bare.kind === 'rows' && bare.samples.every(({ right }) => typeof right === 'boolean')).toBe(true);
});

it('columns that feed nothing are told of', async () => {
  expect((await begun(amounts, '1,2,3,0\n')).notes).toEqual([]);
  expect((await begun(amounts, '1,2,3,0,9\n')).notes).toEqual([
    'own.csv: only the first 4 of its 5 columns feed inputs; csv(…) in the train block says which',
  ]);
});

it('of a row of several truths all are told', async () => {
  const several = modelOf(
    '  input x: [batch, 3]\n  input y: [batch, 2]',
    '  output z = x |> dense(2)\n  loss = mean((z - y)^2)',
  );
  await begun(several, '1,2,3,0,1\n');
  const seen = await look();
  expect(seen.kind === 'rows' && seen.samples.map(({ truth, told }) => [truth, told.split(' ').length])).toEqual([
    ['0 1', 2],
  ]);
});

it('what is inside is shown for as many rows as are worked in a moment', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => `${i},1,2,${i % 2}`).join('\n');
  await begun(amounts, rows);
  expect((await inside(16)).rows).toBe(16);
  const wide = modelOf(
    '  input x: [batch, 3]\n  input y: [batch, 1]',
    '  z = (x |> dense(1)) * ones([150000]) |> sin\n  loss = mean((mean(z, axis = 1, keep = true) - y)^2)',
  );
  await begun(wide, rows);
  expect((await inside(16)).rows).toBeLessThan(5);
});

it('the last line of a form is no change of the pass that adds something behind it', () => {
  const differentiate = stages({ file: 'm.nn', text: amounts }, 'ts').find(({ name }) => name === 'differentiate');
  expect(differentiate?.removed).toBe(0);
});
