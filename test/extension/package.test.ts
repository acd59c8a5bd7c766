// The package of the extension: it holds what its manifest names, and its code starts in a stand-in for the editor.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { packaged } from '../../scripts/vscode.mjs';
import { linesOfKernels } from '../../editors/vscode/src/lines.js';
import { analyze } from '../../src/analysis/analyze.js';
import { compile } from '../../src/index.js';

const root = join(import.meta.dirname, '../..');

it('holds all that it contributes, the same bytes each time, and starts', { timeout: 120_000 }, async () => {
  const bytes = await packaged();
  expect(Buffer.from(await packaged()).equals(Buffer.from(bytes))).toBe(true);
  const files = unzipSync(bytes);
  const text = (path: string): string => new TextDecoder().decode(files[path]);
  const manifest = JSON.parse(text('extension/package.json'));
  const { languages, grammars, snippets, commands } = manifest.contributes;
  const named = [manifest.main, languages[0].configuration, ...[...grammars, ...snippets].map(({ path }) => path)];
  for (const path of named) expect(Object.keys(files)).toContain(`extension/${path.replace('./', '')}`);
  const types = new DOMParser().parseFromString(text('[Content_Types].xml'), 'text/xml');
  const known = [...types.getElementsByTagName('Default')].map((each) => each.getAttribute('Extension'));
  for (const path of Object.keys(files))
    if (!path.endsWith('.xml')) expect(known).toContain(path.slice(path.lastIndexOf('.')));
  const xml = new DOMParser().parseFromString(text('extension.vsixmanifest'), 'text/xml');
  for (const asset of xml.getElementsByTagName('Asset'))
    expect(Object.keys(files)).toContain(asset.getAttribute('Path'));

  const registered: string[] = [];
  const shown: string[] = [];
  const vscode = standIn({
    version: '1.91.0',
    registerCommand: (name: string) => registered.push(name),
    get: () => '/none/nnc',
    showErrorMessage: (message: string) => shown.push(message),
  });
  const ordinary = createRequire(import.meta.url);
  const module = { exports: {} as { activate(context: { subscriptions: unknown[] }): Promise<void> } };
  const load = new Function('module', 'exports', 'require', text('extension/dist/extension.cjs'));
  load(module, module.exports, (name: string): unknown => (name === 'vscode' ? vscode : ordinary(name)));
  await module.exports.activate({ subscriptions: [] });
  // The command that the setting names is not there, which is said.
  expect(shown.at(-1)).toContain('is /none/nnc there?');
  expect(registered.sort()).toEqual(commands.map(({ command }: { command: string }) => command).sort());
});

/** Answers everything with itself, but for what is given. */
function standIn(given: Readonly<Record<string, unknown>>): unknown {
  const target = class {};
  const all: unknown = new Proxy(target, {
    get(_, name) {
      if (typeof name === 'string' && name in given) return given[name];
      if (name === 'prototype') return target.prototype;
      if (name === Symbol.toPrimitive) return () => '';
      return name === 'then' || typeof name === 'symbol' ? undefined : all;
    },
    apply: () => all,
    // What extends one of the editor's classes has its own methods, and the editor's.
    construct(_, __, { prototype }: { prototype: object }) {
      const own: object = Object.create(prototype) as object;
      return new Proxy(own, {
        get: (of, name, self) =>
          name in of
            ? (Reflect.get(of, name, self) as unknown)
            : typeof name === 'symbol' || name === 'then'
              ? undefined
              : all,
      });
    },
  });
  return all;
}

it('has snippets that are models once their places are filled', () => {
  const snippets: Record<string, { body: string[] }> = JSON.parse(
    readFileSync(join(root, 'editors/vscode/snippets/nn.json'), 'utf8'),
  );
  for (const [name, { body }] of Object.entries(snippets)) {
    const values = new Map<string, string>();
    const filled = body
      .join('\n')
      .replace(/\$\{(\d):([^}$]*(?:\$\d[^}$]*)*)\}/g, (_, place: string, value: string) => {
        const text = value.replace(/\$(\d)/g, (__, other: string) => values.get(other) ?? '');
        values.set(place, text);
        return text;
      })
      .replace(/\$(\d)/g, (_, place: string) => values.get(place) ?? '');
    const text =
      name === 'scan'
        ? `model m {\n  input x: [batch, T]\n  y = ${filled.replaceAll('\n', '\n  ')}\n  output y\n}\n`
        : filled;
    const errors = analyze({ file: `${name}.nn`, text }).diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors, text).toEqual([]);
  }
});

it('finds the lines of a module that come of a line of its model', async () => {
  const file = join(root, 'examples/textbook/textbook.nn');
  const text = readFileSync(file, 'utf8');
  const { code: module = '' } = await compile({ file: 'textbook.nn', text });
  const kernels = linesOfKernels(module, file);
  const line = text.split('\n').findIndex((each) => each.includes('a2 = sigmoid'));
  const own = kernels.filter(({ source }) => source === line);
  expect(own.length).toBeGreaterThan(0);
  const lines = module.split('\n');
  for (const { from, to } of own) {
    expect(lines[from]).toContain(`textbook.nn:${line + 1}`);
    expect(to).toBeGreaterThan(from);
    expect(lines[to]).toMatch(/^\s*\}/);
  }
  expect(readdirSync(join(root, 'editors/vscode')).length).toBeGreaterThan(4);
});
