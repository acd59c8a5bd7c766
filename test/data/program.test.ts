// readData: what programs get of a model's data, split as nnc train splits it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readData } from '../../src/node.js';
import { importTrainer, type Values } from '../../src/cli/trainer.js';
import { runnableText } from '../support/runnable.js';
import { warm } from '../cli/nnc.js';
import { dataFolder } from './files.js';

const { folder, file } = dataFolder();
const rows = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 11},${['no', 'yes'][i % 2]}\n`).join('');
const model = (data = 'csv("rows.csv", x = 0..1, y = 2, missing = drop)'): string => `model m {
  input x: [batch, 2]
  input y: index(2)[batch]
  logits = x / 40 |> dense(2)
  output logits
  loss = cross_entropy(logits, y)
  train { optimizer = adam(), batch = 8, epochs = 2, seed = 3, validation = 0.2, test = 0.1
    data = ${data}
  }
}
`;

describe('readData', () => {
  it('gives what fit trains on as nnc train does', async () => {
    file('rows.csv', `NA,1,no\n${rows}`);
    const path = join(folder, file('m.nn', model()));
    const data = await readData(path);
    expect([data.train.x.length, data.validation?.x.length, data.test?.y.length]).toEqual([56, 16, 4]);
    expect(data.words).toEqual({ y: ['no', 'yes'] });
    expect(data.notes).toEqual(['rows.csv: 1 row left out, in which values are missing']);
    expect(warm(['train', 'm.nn', '--out', 'run', '--target', 'ts'], { cwd: folder }).status).toBe(0);
    const expected = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').trim().split('\n');
    const { createTrainer } = await importTrainer(await runnableText(model(), { target: 'ts' }, path));
    const trainer = await createTrainer({});
    const found: { train: Values; validation?: Values }[] = [];
    const options = {
      epochs: 2,
      batch: 8,
      report: 'epoch',
      ...(data.validation && { validation: data.validation }),
    } as const;
    for await (const { losses, validation } of trainer.fit(data.train, options))
      found.push({ train: losses, ...(validation && { validation }) });
    expect(found).toEqual(
      expected.map((line) => {
        const { train, validation } = JSON.parse(line) as (typeof found)[number];
        return { train, validation };
      }),
    );
  });

  it('says what is wrong as nnc does', async () => {
    const path = join(folder, file('wrong.nn', model('csv("none.csv", x = 0..1, y = 2)')));
    await expect(readData(path)).rejects.toThrow(
      /^error\[data-unreadable\]: the data file none.csv cannot be read: there is no such file/,
    );
    await expect(readData(join(folder, file('syntax.nn', 'model {')))).rejects.toThrow(/^error\[/);
    await expect(readData({ file: join(folder, 'nowhere.nn') })).rejects.toThrow(/nowhere.nn cannot be read/);
  });
});
