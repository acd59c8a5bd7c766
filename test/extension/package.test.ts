// The package of the extension: it holds what its manifest names, its code starts in a stand-in for the editor, and so does its server.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { packaged } from '../../scripts/vscode.mjs';
import { linesOfKernels } from '../../editors/vscode/src/lines.js';
import { analyze } from '../../src/analysis/analyze.js';
import { compile } from '../../src/index.js';
import { blocks, holdSessionOver } from '../support/languageSession.js';

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

  // The command that the setting names is not there, which is said.
  const failed = await activated(text('extension/dist/extension.cjs'), '/none/nnc', '/none');
  expect(failed.shown.at(-1)).toContain('is /none/nnc there?');
  expect(failed.registered.sort()).toEqual(commands.map(({ command }: { command: string }) => command).sort());
});

it(
  'starts its own server where there is no other, which answers all that editors ask',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nnc-vsix-'));
    try {
      for (const [path, bytes] of Object.entries(unzipSync(await packaged()))) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), bytes);
      }
      const extension = join(folder, 'extension');
      const { shown } = await activated(readFileSync(join(extension, 'dist/extension.cjs'), 'utf8'), '', extension);
      expect(shown).toEqual([]);

      writeFileSync(join(folder, blocks.name), blocks.text);
      const server = spawn(process.execPath, [join(extension, 'dist/server.cjs'), '--stdio'], { cwd: folder });
      expect(await holdSessionOver(server, folder)).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

/** The extension in a stand-in for the editor, once it has started: `path` is what the setting names, `folder` where it is installed. */
async function activated(
  code: string,
  path: string,
  folder: string,
): Promise<{ readonly registered: string[]; readonly shown: string[] }> {
  const registered: string[] = [];
  const shown: string[] = [];
  const vscode = standIn({
    version: '1.91.0',
    registerCommand: (name: string) => registered.push(name),
    get: () => path,
    workspaceFolders: [],
    showErrorMessage: (message: string) => Promise.resolve(void shown.push(message)),
  });
  const ordinary = createRequire(import.meta.url);
  const context = { subscriptions: [], asAbsolutePath: (name: string) => join(folder, name) };
  const module = { exports: {} as { activate(given: typeof context): Promise<void>; deactivate(): Promise<void> } };
  const load = new Function('module', 'exports', 'require', code);
  load(module, module.exports, (name: string): unknown => (name === 'vscode' ? vscode : ordinary(name)));
  await module.exports.activate(context);
  await module.exports.deactivate().catch(() => undefined);
  return { registered, shown };
}

/** Answers everything with itself, but for what is given. */
function standIn(given: Readonly<Record<string, unknown>>): unknown {
  const target = class {};
  const all: unknown = new Proxy(target, {
    get(_, name) {
      if (typeof name === 'string' && name in given) return given[name];
      if (name === 'prototype') return target.prototype;
      if (name === Symbol.toPrimitive) return () => '';
      // Tabs, texts and editors: there are none.
      if (name === Symbol.iterator) return () => [].values();
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
