// docs/language.md: every example compiles, every error is the one that is named, and every output that is shown is what comes out.
// An example is ```nn, a whole file, or ```nn body INPUTS, statements of a model with these inputs. ```nn error CODE is one with that error.
// The ```text behind it is what is said of it; `text parameters` and `text grad` are the parameters and the gradient of the example above.
// UPDATE_DOCS=1 writes these outputs into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { check, differentiateModel } from '../../src/compile.js';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.js';
import { render } from '../../src/diagnostics/render.js';
import { library } from '../../src/embedded.js';
import { unsupported } from '../../src/inspect/operations.js';
import { imported } from '../../src/inspect/examples.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import { printText } from '../../src/inspect/print/text.js';
import { tableNotes } from '../../src/cli/explainText.js';
import { tablesOf } from '../../src/passes/derive/derive.js';
import { printType } from '../../src/ir/types.js';
import { blocksOf, fileOf, withBlocks, type Block } from './snippets.js';
import { plainly } from '../support/runnable.js';

const path = fileURLToPath(new URL('../../docs/language.md', import.meta.url));
const page = readFileSync(path, 'utf8');
const blocks = blocksOf(page);
const read = (name: string): string | undefined => (name === imported.path ? imported.text : undefined);

function sourceOf(block: Block): { file: string; text: string } {
  return { file: 'model.nn', text: fileOf(block) };
}

function rendered(block: Block, diagnostics: readonly Diagnostic[]): string {
  const texts = new Map([...library.map((l) => [l.file, l.text] as const), ['model.nn', fileOf(block)]]);
  return diagnostics.map((d) => render(d, (name) => texts.get(name) ?? read(name)).trimEnd()).join('\n\n');
}

const errorsOf = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter((d) => d.severity === 'error');

/** What stands in a block of output below an example. */
function outputOf(output: Block, example: Block): string {
  const { model, diagnostics } = check(sourceOf(example), { read });
  switch (output.info) {
    case '':
      return rendered(example, errorsOf(diagnostics));
    case 'parameters':
      return (model?.parameters ?? []).map(({ name, type }) => `${name}: ${printType(type)}`).join('\n');
    case 'grad':
      return model ? printText(derivationOf(model)).trimEnd() : '';
    case 'tables':
      return model
        ? tableNotes(tablesOf(differentiateModel(model)))
            .join('\n')
            .trimStart()
        : '';
    default:
      throw new Error(`no output is called ${output.info}`);
  }
}

const outputs = blocks.flatMap((block, i) =>
  block.language === 'text' ? [{ block, example: blocks.slice(0, i).findLast((b) => b.language === 'nn') }] : [],
);

if (process.env.UPDATE_DOCS === '1') {
  const texts = new Map(outputs.map(({ block, example }) => [block.line, example && outputOf(block, example)]));
  writeFileSync(
    path,
    withBlocks(page, (block) => texts.get(block.line)),
  );
}

describe('docs/language.md', () => {
  it.each(blocks.filter((b) => b.language === 'nn').map((b) => [b.line, b] as const))(
    'line %i is as it says',
    async (_, block) => {
      const wanted = /\berror (\S+)/.exec(block.info)?.[1];
      if (wanted !== undefined) {
        const { diagnostics } = check(sourceOf(block), { read });
        expect(errorsOf(diagnostics).map((d) => d.code)).toEqual([wanted]);
        return;
      }
      const { diagnostics, code } = await plainly(sourceOf(block), { read });
      // Bindings of a body are there to be read.
      const unwanted = block.info.startsWith('body') ? errorsOf(diagnostics) : diagnostics;
      expect(rendered(block, unwanted)).toBe('');
      expect(code).toBeDefined();
    },
  );

  it.each(outputs.map((o) => [o.block.line, o] as const))('line %i is what comes out', (_, { block, example }) => {
    if (!example) throw new Error('it has no example');
    const output = outputOf(block, example);
    expect(output).not.toBe('');
    expect(block.text).toBe(output);
  });

  it('has every setting of a train block', () => {
    const text = fileOf({ info: 'body x: [batch, 2]', text: 'train { speed = 1 }' });
    const { diagnostics } = check({ file: 'model.nn', text });
    const notes = diagnostics.flatMap(({ notes = [] }) => notes);
    const known = notes.flatMap((note) => /^the settings: (.*)$/.exec(note)?.[1].split(', ') ?? []);
    expect(known.length).toBeGreaterThan(8);
    for (const name of known) expect(page, name).toMatch(new RegExp(`^\\| \`${name}\` `, 'm'));
  });

  it.each([
    ['-2^2', -4],
    ['2^3^2', 512],
    ['2^-1', 0.5],
    ['1 - 0.9', 0.1],
    ['10 / 4', 2.5],
    ['2 + 3 * 4', 14],
    ['f32(not 1 > 2 and true)', 1],
    ['f32(true or true and false)', 1],
    ['if 1 > 2 then 3 else 4 + 5', 9],
    ['(if 1 > 2 then 3 else 4) + 5', 9],
    ['[1, 2, 3][-1]', 3],
    ['[relu, sigmoid][0](3)', 3],
  ] as const)('knows that %s is %d while compiling', (expression, value) => {
    const text = `c = ${expression}\nmodel m {\n  param k: f32 = c\n  loss = k^2\n}\n`;
    const { model, diagnostics } = check({ file: 'model.nn', text });
    expect(errorsOf(diagnostics)).toEqual([]);
    expect(model?.parameters.map((p) => p.initial)).toEqual([{ kind: 'fill', value }]);
  });

  it('has its parameters by the rules of names', () => {
    const section = page.split('### Parameters and their names')[1].split('\n### ')[0];
    const rows = [...section.matchAll(/^\| (`[^|]*(?:\\\|[^|]*)*) \| ((?:`[\w.]+`,? ?)+)/gm)];
    expect(rows.length).toBeGreaterThan(7);
    for (const [, source, names] of rows) {
      const wanted = [...names.matchAll(/`([\w.]+)`/g)].map(([, name]) => name);
      expect(namesOf(source.replaceAll('\\|', '|')), source).toEqual(wanted);
    }
  });
});

it('knows no function that is not supported yet', () => {
  expect(unsupported()).toEqual([]);
});

/** The parameters of a row's source, whose statements stand in backticks. */
function namesOf(source: string): string[] {
  const statements = [...source.matchAll(/`([^`]+)`/g)].map(([, statement]) => statement);
  const own = statements.filter(
    (s) => /^\w+(, \w+)* = |^\w+\(x\)$/.test(s) && !(/in block/.test(source) && s.startsWith('a = ')),
  );
  const block = source.includes('`return')
    ? 'layer block(x) {\n  return x |> dense(8)\n}'
    : 'layer block(units)(x) {\n  a = x |> dense(units)\n  return a\n}';
  const body = own.map((s) => (/^\w+\(x\)$/.test(s) ? `out = ${s}` : s)).join('\n  ');
  const last = own.some((s) => s.startsWith('a, b')) ? 'a + b' : /^h = /m.test(own.join('\n')) ? 'h' : 'out';
  const text = `${block}\n\nmodel names {\n  input x: [batch, 8]\n  ${body}\n  loss = mean((${last})^2)\n}\n`;
  const { model, diagnostics } = check({ file: 'model.nn', text });
  expect(errorsOf(diagnostics), text).toEqual([]);
  return (model?.parameters ?? []).map(({ name }) => name);
}
