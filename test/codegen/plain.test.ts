// Statements that Prettier is spared come out as it would write them: the formatted text is the same with and without.
import { readFileSync } from 'node:fs';
import { format as prettier } from 'prettier';
import { describe, expect, it } from 'vitest';
import { format } from '../../src/codegen/text/document.js';
import { withoutPlain } from '../../src/codegen/text/plain.js';
import { compile } from '../../src/index.js';

const whole = (code: string): Promise<string> => prettier(code, { parser: 'babel-ts' });

const long = 'a_long_name_of_a_value';
const spared: Record<string, string> = {
  'loops and assignments':
    'for (let i = 0; i < n; i += 4) {\nconst x = a[8 * i + 1];\nif (x < 0) {\nb[i] = -x;\n} else {\nb[i] += x;\n}\n}',
  'a sum on the next line': `${long} = ${long} + ${long} + ${long};`,
  'a choice on the next line': `${long} = ${long} <= 0 ? 0 : ${long} + 1;`,
  'arguments on lines of their own': `${long} = Math.max(${long} + ${long}, ${long}, 1e-7);`,
  'a call on lines of its own': `kernel(batch, m.${long}, m.${long}, m.${long}, m.${long});`,
  'a header on lines of its own': `function kernel(batch: number, ${long}: Float32Array, b: Float32Array): void {\nb[0] = batch;\n}`,
  'comments and lines apart': '// what x is\nconst x = 1;\n\n// what y is\nconst y = 2;\nuse(x, y);',
  'texts in quotes': 'if (n < 0) throw wrong("x", "[batch, 2]", n);',
};

/** What our own rules do not know or could take for something else. */
const left: Record<string, string> = {
  'a product with a quotient': 'x = a * b / c;\ny = a / b * c;\nz = a / (b * c);\nw = f(a * b, c / d);',
  'an else without braces': 'if (a) x = 1;\nelse if (b) x = 2;\nelse x = 3;\nif (c) return 1;\nelse return 2;',
  'a block and an else without braces': 'if (a) {\nx = 1;\n} else\nx = 2;\ny = 3;',
  'statements in a template':
    'const a = 1;\nconst text = `\n  let x = 1;\n  if (x) {\n    y = 2;\n  }\n`;\nconst b = 2;',
  'statements in a comment': 'const a = 1;\n/*\n  x = 1;\n*/\nconst b = 2;',
  'a choice by a truth': `${long} = ${long} ? ${long} * ${long} : ${long} + ${long};`,
  'a list as the last argument': `requireSizes(${long} <= ${long} - 1, "what it is about", [${long}, ${long}]);`,
  'a choice in a choice': `${long} = a < b ? c < d ? ${long} : ${long} : ${long} + ${long};`,
  logic: `const ${long} = ${long} < ${long} && ${long} < ${long};`,
  'a list of members': 'const m: Memory = {\nbatch: 0,\na: new Float32Array(4),\nlist: [1, 2],\n};',
  methods: 'const t = {\nget x() {\nreturn m.x;\n},\nstep(a: number): void {\nrun(a);\n},\n};',
  'a chain of calls': `const ${long} = ${long}.map((x) => x + 1).filter((x) => x > 1).join(", ");`,
  'a switch': 'switch (x) {\ncase 1:\ny = 1;\nbreak;\ndefault:\ny = 2;\n}',
  'lines that are too many': 'a = 1;\n\n\n\nb = 2;\nif (a) {\n\nb = 3;\n\n}',
  'generic parameters': `function f(${long}: Readonly<Record<string, Float32Array>>, b: Map<string, number>): void {\nb.clear();\n}`,
  'a deep block': `${'if (a) {\n'.repeat(20)}${long} = ${long} + ${long};\n${long} = f(${long}, 2);\n${'}\n'.repeat(20)}`,
  'a constant in an object that is long': `const f = () => {\n${long} = ${long} + ${long} + 111;\n};\ng({\nh() {\n${long} = ${long} + ${long} + 111;\n},\n});`,
};

describe('formatting', () => {
  it.each(Object.entries({ ...spared, ...left }))('%s: as Prettier does it', async (_, code) => {
    expect(await format(`${code}\n`)).toBe(await whole(`${code}\n`));
  });

  it.each(Object.entries(spared))('%s: Prettier does not read it', (_, code) => {
    expect(withoutPlain(code, 'run').code).toMatch(/^run0;$/);
  });

  it.each(['mnist', 'lenet'])('kernels of %s, of which it spares Prettier about half', async (name) => {
    const path = `examples/${name}/${name}.nn`;
    const { code = '' } = await compile({ file: path, text: readFileSync(path, 'utf8') }, { target: 'ts' });
    const kernels = [...code.matchAll(/^(?:\/\/.*\n)+function [^]*?^\}$/gm)].map(([text]) => text).join('\n\n');
    const flat = kernels.replace(/^ +/gm, '');
    expect(flat.length).toBeGreaterThan(5000);
    expect(await whole(flat)).toBe(`${kernels}\n`);
    // Lists of arguments that are broken already are not statements a line.
    const joined = flat.replace(
      /([([])\n([^]*?),?\n([)\]])/g,
      (_, open: string, inner: string, close: string) => open + inner.replace(/\n/g, ' ') + close,
    );
    expect(await format(`${joined}\n`)).toBe(await whole(`${joined}\n`));
    expect(withoutPlain(joined, 'run').code.length).toBeLessThan(0.55 * joined.length);
  });
});
