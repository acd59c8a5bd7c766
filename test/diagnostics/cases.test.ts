// Every message of the catalog has an example, and that says what it says. UPDATE=1 writes the answers again; those of commands need FULL=1 too.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { catalog } from '../../src/diagnostics/catalog.js';
import { render } from '../../src/diagnostics/render.js';
import { library } from '../../src/embedded.js';
import { warm } from '../cli/nnc.js';
import { optionsIn } from '../errors/programs.js';
import { full } from '../support/full.js';
import { cases as read } from '../../scripts/diagnostics.mjs';
import type { Case } from '../../src/inspect/diagnosticsPage.js';
import { carryOut, writeCases } from './cases.js';

/** What cases import. */
const beside = join(import.meta.dirname, '../errors/elaboration');

function checked(text: string): { readonly codes: readonly string[]; readonly text: string } {
  const file = 'model.nn';
  const read = (name: string): string | undefined => {
    const place = join(beside, name);
    return existsSync(place) ? readFileSync(place, 'utf8') : undefined;
  };
  const texts = new Map([...library.map((each) => [each.file, each.text] as const), [file, text]]);
  const { diagnostics } = check({ file, text }, { read, ...optionsIn(text) });
  return {
    codes: diagnostics.map(({ code }) => code),
    text: diagnostics.map((each) => render(each, (name) => texts.get(name) ?? read(name))).join('\n'),
  };
}

const cases = read();
const phases = [...cases.keys()];
const casesOf = (phase: string): readonly Case[] => cases.get(phase) ?? [];

const isCommand = ({ wrong }: Case): boolean => wrong.startsWith('$ ');

describe.each(phases)('%s', (phase) => {
  it('says of each what its case says', { timeout: 600_000 }, () => {
    const now = casesOf(phase).map((each): Case => {
      if (each.byHand || (isCommand(each) && !full)) return each;
      if (!isCommand(each)) {
        const [wrong, right] = [checked(each.wrong), checked(each.right)];
        expect(wrong.codes, each.code).toContain(each.code);
        expect(
          right.codes.filter((code) => code !== 'no-model'),
          each.code,
        ).toEqual([]);
        return { ...each, answer: wrong.text.trimEnd() };
      }
      const { wrong, right } = carryOut(each, warm);
      expect(wrong.stderr, each.code).toContain(`[${each.code}]`);
      expect(right.stderr, each.code).not.toContain(`[${each.code}]`);
      return { ...each, answer: wrong.stderr.trimEnd() };
    });
    if (process.env['UPDATE'] === '1') writeCases(phase, now);
    else expect(now).toEqual(casesOf(phase));
  });
});

it('leaves no message out', () => {
  const there = new Set(phases.flatMap((phase) => casesOf(phase).map(({ code }) => code)));
  const missing = [...catalog.values()].filter(({ code, phase }) => phase !== 'lints' && !there.has(code));
  expect(missing.map(({ code }) => code).filter((code) => code !== 'unused')).toEqual([]);
});
