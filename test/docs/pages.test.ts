// All pages: what they link to is there, and what they show of the language compiles.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { blocksOf, fileOf } from './snippets.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.replace(/^```[^]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(pages)('%s', (page) => {
  it('links to what is there', () => {
    const text = textOf(page).replace(/^```[^]*?^```$/gm, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path, anchor] = target.split('#');
      const place = path === '' ? join(root, page) : join(root, dirname(page), path);
      expect(existsSync(place), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(readFileSync(place, 'utf8')), target).toContain(anchor);
    }
  });
});

// language.md has a test of its own, and what library.md shows is the library.
it.each(pages.filter((page) => !/language|library|diagnostics/.test(page)))(
  '%s shows programs that compile',
  (page) => {
    for (const block of blocksOf(textOf(page)).filter(({ language }) => language === 'nn'))
      expect(check({ file: page, text: fileOf(block) }).diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  },
);
