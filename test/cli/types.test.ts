// `nnc types`: what TypeScript makes of programs that import .nn files, with options and without.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { warm } from './nnc.js';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'nnc-types-'));
afterAll(() => rmSync(folder, { recursive: true }));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
mkdirSync(join(folder, 'models'));
writeFileSync(join(folder, 'models/line.nn'), readFileSync(join(root, 'examples/node/line.nn')));
writeFileSync(
  join(folder, 'use.ts'),
  `import { createTrainer, type Trainer } from './models/line.nn';
import { createTrainer as createWasm } from './models/line.nn?target=wasm';
const inputs = { x: new Float32Array(1), y: new Float32Array(1) };
const trainer: Trainer = createTrainer({ seed: 1 });
export const loss: number = trainer.step(inputs).loss;
// @ts-expect-error there is no input z
trainer.step({ z: new Float32Array(1) });
export const later: number = (await createWasm({ threads: 2 })).step(inputs).loss;
// @ts-expect-error it is a promise
createWasm().step(inputs);
`,
);
const compilerOptions = {
  ...{ strict: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', allowArbitraryExtensions: true },
  ...{ lib: ['ES2023', 'DOM'], types: [], noEmit: true },
};
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));

it('writes declarations for each import, which TypeScript finds, and names what changed', () => {
  const first = warm(['types'], { cwd: folder });
  expect(first).toMatchObject({ status: 0, stdout: 'models/line.d.nn.ts\nnn-imports.d.ts\n', stderr: '' });
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  expect(stdout).toBe('');

  expect(warm(['types'], { cwd: folder })).toMatchObject({ status: 0, stdout: '' });
  writeFileSync(join(folder, 'models/line.nn'), readFileSync(join(root, 'examples/textbook/textbook.nn')));
  expect(warm(['types', '--check', 'models/line.nn'], { cwd: folder })).toMatchObject({
    status: 1,
    stdout: 'models/line.d.nn.ts\n',
  });
  expect(readFileSync(join(folder, 'models/line.d.nn.ts'), 'utf8')).not.toContain('W2');
  writeFileSync(join(folder, 'models/line.nn'), 'model m {\n  output y = z\n}\n');
  const wrong = warm(['types'], { cwd: folder });
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('error[unknown-name]: nothing here is called z\n');
  expect(readFileSync(join(folder, 'models/line.d.nn.ts'), 'utf8')).toContain('prediction');
});

it('passes over what comments import and what is asked for as text, and goes on after an import that is wrong', () => {
  const put = (name: string, text: string): void => writeFileSync(join(folder, 'other', name), text);
  mkdirSync(join(folder, 'other'));
  put('line.nn', readFileSync(join(root, 'examples/node/line.nn'), 'utf8'));
  put('a.ts', "import '../gone.nn?raw';\n// import '../gone.nn';\n/* export * from '../gone.nn';\n*/\n");
  expect(warm(['types', 'other'], { cwd: folder })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no program in other imports a .nn file'),
  });
  put('open.ts', `import './gone.nn?raw'; ${'/* '.repeat(100_000)}`);
  put('open.vue', '<!-- '.repeat(100_000));
  put('a.ts', "const at = 'http://a';\nimport '../gone.nn?url'; import './line.nn?target=gpu'; import './line.nn';\n");
  expect(warm(['types', 'other'], { cwd: folder })).toMatchObject({
    status: 1,
    stdout: 'other/line.d.nn.ts\n',
    stderr: 'error[import-option]: an import of line.nn says ?target=gpu: expected ts, wasm, wgsl, wgsl,wasm\n\n',
  });
});

it('takes declarations of imports with options away once there are none, and nothing that others have written', () => {
  const put = (name: string, text: string): void => writeFileSync(join(folder, 'stale', name), text);
  mkdirSync(join(folder, 'stale'));
  put('line.nn', readFileSync(join(root, 'examples/node/line.nn'), 'utf8'));
  put('a.ts', "import './line.nn?target=wasm';\n");
  expect(warm(['types', 'stale'], { cwd: folder })).toMatchObject({ status: 0, stdout: 'stale/nn-imports.d.ts\n' });
  put('a.ts', '');
  const removed = 'stale/nn-imports.d.ts (removed: nothing is imported with options)\n';
  expect(warm(['types', 'stale', '--check'], { cwd: folder })).toMatchObject({ status: 1, stdout: removed });
  expect(warm(['types', 'stale'], { cwd: folder })).toMatchObject({ status: 0, stdout: removed });
  put('nn-imports.d.ts', 'declare module "*.nn";\n');
  expect(warm(['types', 'stale'], { cwd: folder }).stderr).toContain('error[imports-missing]');
  expect(readFileSync(join(folder, 'stale/nn-imports.d.ts'), 'utf8')).toContain('declare module');
});

it('declares imports with options where the programs are that have them, for each project, once', () => {
  const put = (name: string, text: string): void => {
    mkdirSync(join(folder, 'several', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'several', name), text);
  };
  const line = readFileSync(join(root, 'examples/node/line.nn'), 'utf8');
  for (const project of ['one', 'two']) {
    put(`${project}/package.json`, '{}');
    put(`${project}/src/line.nn`, line);
    put(`${project}/src/deep/a.ts`, "import '../line.nn?threads=false';\n");
  }
  put('one/src/b.ts', "import './line.nn?threads=false';\n");
  put('nn-imports.d.ts', '// Written by `nnc types`: what .nn files that are imported with options export.\n');
  expect(warm(['types', 'several'], { cwd: folder })).toMatchObject({
    status: 0,
    stdout:
      'several/one/src/nn-imports.d.ts\nseveral/two/src/deep/nn-imports.d.ts\n' +
      'several/nn-imports.d.ts (removed: it stands elsewhere now)\n',
  });
  expect(warm(['types', '--check', 'several'], { cwd: folder })).toMatchObject({ status: 0, stdout: '' });
});
