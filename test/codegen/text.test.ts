// What users wrote in the text of modules: it is read there, and never run.
import { describe, expect, it } from 'vitest';
import { format, readable } from '../../src/codegen/text/document.js';
import { identifier } from '../../src/codegen/text/names.js';
import { comment, docText, literal, objectOf, templateText } from '../../src/codegen/text/quote.js';
import { runtime } from '../../src/embedded.js';
import { Scope } from '../../src/codegen/text/names.js';
import { chosen } from '../support/full.js';
import { plainly, withoutTypes } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { compile } from '../../src/index.js';

/** Each ends the comment, the text or the script that it stands in, if it can, and then throws. */
const hostile: Readonly<Record<string, string>> = {
  newline: '\nthrow 1;//',
  return: '\rthrow 1;//',
  'line separator': '\u2028throw 1;//',
  'paragraph separator': '\u2029throw 1;//',
  'next line, which ends a comment in WGSL': '\u0085throw 1;//',
  'vertical tab': '\u000bthrow 1;//',
  'form feed': '\u000cthrow 1;//',
  NUL: '\0throw 1;',
  'end of a comment': '*/throw 1;/*',
  quotes: `';throw 1;'";throw 1;"`,
  backtick: '`;throw 1;`',
  placeholder: '${(() => { throw 1 })()}',
  backslash: '\\',
  script: '</script><script>throw 1</script>',
  'comment of a page': '<!--<script>',
  'half of a pair': '\ud800',
  'turned text': '\u202e',
  'a stand-in of the printer': "'text 0';",
  'a stand-in of the formatter': `${'_'.repeat(200)}0_`,
  'a directive': '@ts-check',
  long: 'a'.repeat(100_000),
};

describe.each(Object.entries(hostile))('%s', (_, text) => {
  it('is one line of a comment', async () => {
    const code = comment([text, 'next']);
    expect(code.split(/[\n\r\v\f\u0085\u2028\u2029]/)).toHaveLength(2);
    expect(code).not.toMatch(/<\/script|<!--|\0/i);
    await importCode(`${code}\nexport const a = 1;`);
  });

  it('is words of a comment in stars', () => {
    expect(docText(text)).not.toMatch(/\*\/|[\n\r\u2028\u2029]|<\/script/i);
  });

  it('is the same text again as a literal, a key, and between backticks', () => {
    const read = (code: string): unknown => new Function(`return ${code}`)();
    expect(read(literal(text))).toBe(text);
    expect(read(objectOf([[text, '1']]))).toEqual({ [text]: 1 });
    expect(read(`\`${templateText(text)}\``)).toBe(text.replaceAll('\r', '\n'));
    expect([literal(text), objectOf([[text, '1']]), templateText(text)].join('')).not.toMatch(/<\/script|<!--/i);
  });

  it('is an identifier', () => {
    expect(() => new Function(`let ${identifier(text)} = 1;`)).not.toThrow();
    expect(identifier(text).length).toBeLessThan(100);
  });

  it('is the name of a file, and stands in comments of the source', async () => {
    const file = `${text}.nn`;
    // What ends a line in .nn would leave its comment.
    const note = text.replaceAll(/[\n\r]/g, ' ');
    for (const target of chosen(['ts', 'wasm', 'wgsl'] as const, (one) => one !== 'wasm')) {
      const source = `// ${note}
/// ${note}
model m {
  input x: [batch, 2]
  h = x |> dense(3) // ${note}
  loss = mean(h^2)
  train { optimizer = sgd(lr = 0.1), data = csv("${note.replaceAll(/[\\"]/g, '')}", x = 0..1) }
}
`;
      // Laid out for readers once: what is quoted is so before, on every target.
      const laidOut = target === 'ts';
      const { code = '', diagnostics } = laidOut
        ? await compile({ file, text: source }, { target, language: 'js' })
        : await plainly({ file, text: source }, { target });
      expect(diagnostics).toEqual([]);
      const { model } = await importCode(laidOut ? code : await withoutTypes(code));
      expect(model.name).toBe('m');
      expect(code).not.toMatch(/<\/script|<!--|[^\P{Cc}\n]|[\u2028\u2029\u202e]/iu);
    }
  }, 60_000);
});

it('`__proto__` is a property like any other', () => {
  const made: unknown = new Function(`return ${objectOf([['__proto__', '1']])}`)();
  expect(Object.entries(made ?? {})).toEqual([['__proto__', 1]]);
});

it('names that differ in what identifiers cannot hold are two', () => {
  const scope = Scope.with([]);
  const names = ['W₁', 'W1', 'a.b', 'a_b', 'new', '_', '__', 'constructor'].map((name) => scope.take(name));
  expect(new Set(names).size).toBe(names.length);
  expect(names).not.toContain('new');
});

it('no variable hides a global that the runtime uses', () => {
  const scope = Scope.with([]);
  const words = new Set(
    Object.values(runtime).flatMap((text) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '').match(/(?<![.\w])\w+/g) ?? []),
  );
  const globals = Object.getOwnPropertyNames(globalThis).filter((name) => words.has(name));
  expect(globals).toContain('Atomics');
  expect(globals.filter((name) => scope.take(name) === name)).toEqual([]);
});

it('what stands in for long lists and for bodies is nobody else’s', async () => {
  const wide = '_'.repeat(200);
  const long = Array.from({ length: 12 }, (_, i) => `// ${i}`).join('\n');
  const code = `const ${wide}0_ = 1;\n${long}\nconst b = "${wide}0_";`;
  expect(await format(code)).toBe(`const ${wide}0_ = 1;\n${long}\nconst b =\n  "${wide}0_";\n`);
  const comments = "// 'text 0'; 'text 1';";
  const text = await readable.print([
    { kind: 'function', name: 'f', comment: comments, parameters: [], returns: 'void', body: 'g();' },
  ]);
  expect(text).toContain(comments);
  expect(text).toContain('    g();');
});
