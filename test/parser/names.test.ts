// What a name is: one pattern, by which all that look for names in a text find the same ones, whatever letters they have.
import { expect, it } from 'vitest';
import { allNames, asLetters, isOfLetters, spellsName } from '../../src/diagnostics/name.js';
import { Draft } from '../../src/import/draft.js';
import { constant, div, printIndex, size } from '../../src/ir/index.js';
import { inPlaceOf } from '../../src/inspect/print/rename.js';
import { lex } from '../../src/parser/lex.js';
import { outline } from '../../src/parser/outline.js';

// An index below, a mark that combines, Greek, a small number above, letters beyond the first plane, of other scripts.
const names = ['x₁', 'e\u0301t', 'δ_W', 'σ²', '𝛼𝛽', '日本', 'größe_2', '_a'];

it.each(names)('%s', (name) => {
  const { tokens } = lex({ file: 'a.nn', text: `${name} = ${name}(${name})` });
  expect(tokens.map(({ image }) => image)).toEqual([name, '=', name, '(', name, ')', '']);
  expect(spellsName(name) && isOfLetters(name)).toBe(true);
  expect(allNames(`(${name} - ${name}) / 2.5`)).toEqual([name, name]);
  expect(asLetters(name)).toBe(name);
  expect(outline({ file: 'a.nn', text: `fn ${name}(x) = x\n` }).definitions[0].name.name).toBe(name);
  expect(lex({ file: 'a.nn', text: `y = f(${name} // ${name})` }).diagnostics.map(({ code }) => code)).toEqual([
    'comment-divides',
  ]);
  expect(new Draft('m', []).fresh(name)).toBe(name.replace(/^_/, ''));
  expect(printIndex(div(size(name), constant(2)))).toBe(`floor(${name} / 2)`);
  expect(inPlaceOf(name, 'other')(`${name} + ${name}₂ + (${name})`)).toBe(`other + ${name}₂ + (other)`);
});

it.each(['', '2x', '₁x', '\u0301', 'a-b', 'a b', '∂x'])('%j is none', (text) => expect(spellsName(text)).toBe(false));
