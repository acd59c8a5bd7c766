// `--wide` on the command line. What it computes is in test/full/wide.test.ts, for which Node 20 is too old.
import { expect, it } from 'vitest';
import { warm } from './nnc.js';

const model = new URL('../../examples/xor/xor.nn', import.meta.url).pathname;

it('is for WebAssembly, and for engines that have it', () => {
  for (const command of ['train', 'bench', 'compile']) {
    expect(warm([command, model, '--wide', '--target', 'ts'])).toMatchObject({
      status: 2,
      stderr: 'error: --wide is for --target wasm\n',
    });
    if (command === 'compile' || Number(process.versions.node.split('.')[0]) >= 22) continue;
    expect(warm([command, model, '--wide', '--target', 'wasm'])).toMatchObject({
      status: 2,
      stderr: `error: --wide needs Node 22 or later on x64, and this is Node ${process.versions.node} on ${process.arch}\n`,
    });
  }
});

it('compiles tiles of sixteen columns', () => {
  const mnist = new URL('../../examples/mnist/mnist.nn', import.meta.url).pathname;
  const kernels = (...more: string[]): string =>
    warm(['compile', mnist, '--target', 'wasm', '--emit', 'kernels', ...more]).stdout;
  expect(kernels('--wide')).toMatch(/tile [34]x16/);
  expect(kernels()).not.toMatch(/tile [34]x16/);
});
