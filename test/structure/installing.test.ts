// What `npm ci` fetches comes from the registry alone.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
}

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Lock;

it('runs no script that fetches from elsewhere', () => {
  // onnxruntime-node's brings CUDA libraries, which nothing here uses; npm runs scripts of the packages that the lock says have any.
  expect(lock.packages['node_modules/onnxruntime-node']).toBeDefined();
  expect(lock.packages['node_modules/onnxruntime-node'].hasInstallScript).toBeUndefined();
});
