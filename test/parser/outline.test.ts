// A library's definitions are parsed one by one, and are what they are in the whole file.
import { expect, it } from 'vitest';
import { library } from '../../src/embedded.js';
import { outline } from '../../src/parser/outline.js';
import { parse } from '../../src/parser/parse.js';

it.each(library)('$file by its definitions is the file', (source) => {
  const { file, diagnostics } = parse(source);
  expect(diagnostics).toEqual([]);
  const { definitions } = outline(source);
  expect(definitions.map(({ read }) => read())).toEqual(file.declarations);
  expect(definitions.map(({ name }) => name)).toEqual(definitions.map(({ read }) => read().name));
});

it('no name of the library is defined twice', () => {
  const names = library.flatMap((source) => outline(source).definitions.map(({ name }) => name.name));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

it('reads what is asked for, once', () => {
  const [good, faulty] = outline({ file: 'a.nn', text: 'fn f(x) = x\n\n/// Faulty.\nfn g(x) = (\n' }).definitions;
  expect(good.read()).toBe(good.read());
  expect(() => faulty.read()).toThrow('a.nn has no definition of its own at 13');
});
