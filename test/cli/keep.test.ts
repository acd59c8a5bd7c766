// What a run keeps of its model: the folder alone compiles, wherever it is, and everything else may be gone.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { keptOf } from '../../src/cli/runs/keep.js';
import { dataFolder } from '../data/files.js';
import { warm } from './nnc.js';

const { folder, file } = dataFolder();
const run = (...args: string[]) => warm(args, { cwd: folder });
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

const model = `import { body } from "../layers.nn"  // from elsewhere
import { head } from "parts/head.nn"
model m {
  input x: [batch, 2]
  input y: [batch, 1]
  p = body(x) |> head
  output p
  loss = mse(p, y)
  train { optimizer = sgd(lr = 0.1), epochs = 2, data = csv("rows.csv", x = 0..1, y = 2) }
}
`;

beforeAll(() => {
  for (const name of ['project', 'project/deep', 'project/deep/parts', 'project/more'])
    mkdirSync(join(folder, name), { recursive: true });
  file('project/deep/rows.csv', '1,2,3\n4,5,6\n0,1,0\n');
  file('project/deep/m.nn', model);
  file('project/layers.nn', 'import { wide } from "./more/wide.nn"\nlayer body(x: [n, f]) = x |> wide |> tanh\n');
  file('project/more/wide.nn', 'layer wide(x: [n, f]) = x |> dense(3)\n');
  // From within the folder of the model to elsewhere.
  file(
    'project/deep/parts/head.nn',
    'import { wide } from "../../more/wide.nn"\nlayer head(x: [n, f]) = x |> wide |> dense(1)\n',
  );
});

describe('the folder of a run', () => {
  it('compiles, goes on, is evaluated and predicts when it is moved and all else is gone', () => {
    const { status, stderr } = run('train', 'project/deep/m.nn', '--out', 'run', '--quiet');
    expect([status, stderr]).toEqual([0, '']);
    expect(read('run/model.nn')).toBe(model.replace('"../layers.nn"', '"imports/1/layers.nn"'));
    expect(read('run/imports/1/layers.nn')).toContain('from "../2/wide.nn"');
    expect(read('run/parts/head.nn')).toContain('from "../imports/2/wide.nn"');
    const whole = run('eval', 'run').stdout;
    mkdirSync(join(folder, 'other/place'), { recursive: true });
    renameSync(join(folder, 'run'), join(folder, 'other/place/run'));
    renameSync(join(folder, 'project/deep/rows.csv'), join(folder, 'rows.csv'));
    rmSync(join(folder, 'project'), { recursive: true });
    expect(run('check', 'other/place/run/model.nn')).toMatchObject({ status: 0, stderr: '' });
    expect(run('compile', 'other/place/run/model.nn', '-o', 'm.ts').status).toBe(0);
    expect(existsSync(join(folder, 'm.ts'))).toBe(true);
    const data = ['--data', 'rows.csv'];
    expect(run('eval', 'other/place/run', ...data).stdout.split(': ')[1]).toBe(whole.split(': ')[1]);
    expect(run('predict', 'other/place/run', ...data).stdout.split('\n')[0]).toBe('0,1,2,p.0');
    // Whose data are where they were.
    mkdirSync(join(folder, 'project/deep'), { recursive: true });
    renameSync(join(folder, 'rows.csv'), join(folder, 'project/deep/rows.csv'));
    expect(run('train', '--resume', 'other/place/run', '--epochs', '3').stdout).toContain('epoch 3/3');
    expect(run('eval', 'other/place/run').status).toBe(0);
  });

  it('leaves texts as they are where imports lead into the folder', () => {
    const source = { file: 'a/m.nn', text: 'import { f } from "./b.nn"\nimport { g } from "c/d.nn"\n' };
    const texts = new Map([
      ['a/b.nn', 'import { g } from "c/d.nn"\n'],
      ['a/c/d.nn', 'import { h } from "/e.nn"\n'],
      ['/e.nn', ''],
      // Names that the folder of a run has another use for.
      ['a/model.nn', ''],
      ['a/imports/1/e.nn', ''],
      ['a/run.json', ''],
    ]);
    expect(keptOf(source, texts).map(({ path, text }) => [path, text])).toEqual([
      ['model.nn', source.text],
      ['b.nn', texts.get('a/b.nn')],
      ['c/d.nn', 'import { h } from "../imports/3/e.nn"\n'],
      ['imports/3/e.nn', ''],
      ['imports/4/model.nn', ''],
      ['imports/5/e.nn', ''],
      ['imports/6/run.json', ''],
    ]);
  });
});
