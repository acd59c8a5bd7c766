// Every faulty program beside this file, with the exact text it is answered with. UPDATE=1 rewrites the answers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.js';
import { answerTo, phases, programsOf } from './programs.js';

describe.each(phases)('%s', (phase) => {
  it.each(programsOf(phase).map((path) => [basename(path), path]))('%s', (_, path) => {
    const answer = path.replace(/\.nn$/, '.txt');
    const { text } = answerTo(path);
    expect(text).not.toBe('');
    if (process.env['UPDATE'] === '1') writeFileSync(answer, text);
    expect(existsSync(answer) ? readFileSync(answer, 'utf8') : 'there is no answer file: run with UPDATE=1').toBe(text);
  });

  it('has a program for every message of the phase', () => {
    const said = new Set(programsOf(phase).flatMap((path) => answerTo(path).diagnostics.map(({ code }) => code)));
    const codes = [...catalog.values()].filter((entry) => entry.phase === phase).map(({ code }) => code);
    expect(codes.filter((code) => !said.has(code))).toEqual([]);
  });
});

it('covers every phase of checking', () => {
  expect(phases).toEqual(['elaboration', 'gradients', 'loops', 'requirements', 'syntax', 'types']);
});
