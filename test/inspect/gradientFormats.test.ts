// The formats of `nnc grad`: JSON by its published schema, LaTeX and MathML well formed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import type { Derivation, Step } from '../../src/inspect/derivation/data.js';
import { printJson } from '../../src/inspect/print/json.js';
import { printLatex, printMarkdown } from '../../src/inspect/print/latex.js';
import { printMathml } from '../../src/inspect/print/mathml.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const validate = new Ajv2020({ strict: true }).compile(
  JSON.parse(readFileSync(join(root, 'docs/derivation.schema.json'), 'utf8')),
);

const files = [
  ...['textbook', 'mnist', 'lenet', 'siamese', 'oscillator', 'recommender', 'gru', 'moby-dick'].map(
    (name) => `examples/${name}/${name}.nn`,
  ),
  ...['attention-layer', 'recurrence', 'pooling', 'gelu', 'transformer'].map(
    (name) => `test/golden/gradient/${name}.nn`,
  ),
];

function derived(path: string): Derivation {
  const text = readFileSync(join(root, path), 'utf8');
  const { model } = check({ file: path.slice(path.lastIndexOf('/') + 1), text });
  if (!model) throw new Error(`${path} has errors`);
  return derivationOf(model);
}

function stepsOf({ forward, backward, parameters, update }: Derivation): Step[] {
  const open = (step: Step): Step[] => [step, ...(step.loop?.body.flatMap(open) ?? [])];
  return [...forward, ...backward, ...parameters, ...update].flatMap(open);
}

/** What is wrong with the brackets, environments and fences of LaTeX; undefined where all is well. */
function faultOfLatex(text: string): string | undefined {
  const plain = text
    .split('\n')
    .map((line) => line.replace(/(^|[^\\])%.*$/, '$1'))
    .join('\n');
  const open: string[] = [];
  for (const [token, name] of plain.matchAll(/\\(?:begin|end)\{(\w+)\}|\\(?:left|right)(?![a-z])|\\[{}]|[{}]/g)) {
    if (token === '\\{' || token === '\\}') continue;
    if (token === '{' || token === '\\left') open.push(token);
    else if (token.startsWith('\\begin')) open.push(`\\begin{${name}}`);
    else {
      const wanted = token === '}' ? '{' : token === '\\right' ? '\\left' : `\\begin{${name}}`;
      const found = open.pop();
      if (found !== wanted) return `${token} closes ${found}`;
    }
  }
  const command = /\\(?!begin|end|left|right)([a-zA-Z]+)/g;
  const unknown = [...plain.matchAll(command)].map(([, name]) => name).find((name) => !commands.has(name));
  const rest = plain.replace(/\\text\{[^{}]*\}|\\operatorname\{[^{}]*\}|\\mathrm\{[^{}]*\}/g, '');
  const bad = /[^\x20-\x7e\n]/.exec(rest)?.[0];
  return open.length > 0
    ? `${open.join()} stays open`
    : unknown !== undefined
      ? `unknown command ${unknown}`
      : bad && `${bad} is no letter of LaTeX`;
}

const commands = new Set(
  (
    'bigl bigr frac partial mathrm operatorname text sum sqrt top odot cdot quad leftarrow le ge ne lnot land lor lvert rvert infty dots ell ' +
    'sigma delta tau theta pi sim backslash tanh exp log sin cos max min'
  ).split(' '),
);

/** How wide LaTeX is, in ems, by the letters and signs that are seen. */
function emsOf(text: string): number {
  let at = 0;
  const group = (): number => {
    while (text[at] === ' ') at++;
    if (text[at] !== '{') return item();
    at++;
    const width = row('}');
    at++;
    return width;
  };
  const row = (end: string): number => {
    let width = 0;
    while (at < text.length && text[at] !== end) width += item();
    return width;
  };
  const item = (): number => {
    const [token, command] = /^(?:\\([a-zA-Z]+|.)|[^])/.exec(text.slice(at)) ?? [''];
    if (token === '{') return group();
    at += token.length;
    if (token === '_' || token === '^') return 0.7 * group();
    if (token === ' ' || token === '&' || token === '}') return 0;
    if (command === undefined) return /[-+<>=]/.test(token) ? 1.1 : /[.,:()|[\]]/.test(token) ? 0.4 : 0.5;
    if (command === 'frac') return Math.max(group(), group()) + 0.2;
    if (command === 'begin' || command === 'end') return group() && 0;
    if (['left', 'right', 'bigl', 'bigr', 'mathrm', 'operatorname', 'text'].includes(command)) return 0;
    return command === 'quad' || /^(odot|le|ge|ne|leftarrow|sum|infty)$/.test(command) ? 1.1 : 0.6;
  };
  return row('');
}

/** A4 less the margins of LaTeX's article, at 10 points. */
const page = 34.5;

/** How wide the columns of an align environment are together; rows of cases stand below one another. */
function widthOf(latex: string): number {
  const sides = latex
    .split('\n')
    .slice(1, -2)
    .map((line) => line.replace(/(^|[^\\])%.*$/, '$1').replace(/\\\\ *$/, ''))
    .map((line) => {
      const [left, ...rest] = line.split('&');
      const right = rest.join('&').split(/\\\\ /).map(emsOf);
      return { left: emsOf(left), right: Math.max(...right) };
    });
  return Math.max(...sides.map(({ left }) => left)) + Math.max(...sides.map(({ right }) => right));
}

describe.each(files)('%s', (path) => {
  const derivation = derived(path);

  it('is JSON by the schema', () => {
    const found: unknown = JSON.parse(printJson(derivation));
    validate(found);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('is LaTeX that is closed, by commands of amsmath', () => {
    const text = printLatex(derivation, { steps: true });
    expect(faultOfLatex(text), text).toBeUndefined();
    const lines = text.split('\n').filter((line) => /\\\\/.test(line.replace(/cases.*?\\end\{cases\}/g, '')));
    expect(
      lines.every((line) => line.includes('&')),
      text,
    ).toBe(true);
    expect(printMarkdown(derivation).split('$$')).toHaveLength(3);
  });

  it('stands on a page, the chain rule with it', () => {
    for (const steps of [false, true]) expect(widthOf(printLatex(derivation, { steps }))).toBeLessThan(page);
  });

  it('is MathML whose elements have as many parts as they need', () => {
    const parts: Readonly<Record<string, number>> = { mfrac: 2, msub: 2, msup: 2, munder: 2 };
    for (const { formula } of stepsOf(derivation)) {
      const text = printMathml(formula);
      const open: { name: string; parts: number }[] = [{ name: '', parts: 0 }];
      for (const [, close, name] of text.matchAll(/<(\/?)(\w+)[^>]*>/g)) {
        const top = open[open.length - 1];
        if (close === '') {
          top.parts++;
          open.push({ name, parts: 0 });
          continue;
        }
        expect(top.name, text).toBe(name);
        if (parts[name] !== undefined) expect(top.parts, `${name} in ${text}`).toBe(parts[name]);
        open.pop();
      }
      expect(open, text).toHaveLength(1);
    }
  });
});

describe('schema', () => {
  it('refuses what is no derivation', () => {
    expect(validate({ version: 1, model: 'm', of: 'loss' })).toBe(false);
    const found = JSON.parse(printJson(derived('examples/textbook/textbook.nn'))) as { backward: { rule?: string }[] };
    delete found.backward[0].rule;
    expect(validate(found)).toBe(false);
  });
});
