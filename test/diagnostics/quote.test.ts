// What messages show of what users wrote: of any length, of any characters.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { counted, readable, shortened, visible } from '../../src/diagnostics/quote.js';
import { render } from '../../src/diagnostics/render.js';

describe('what is shown', () => {
  it('has pictures of control characters, and nothing that turns or breaks a line', () => {
    expect(visible('a\0b\nc\x7fd\x85e\u2028f\u202eg\ud800h\tσ😀')).toBe('a␀b␊c␡d�e�f�g�h\tσ😀');
    expect(visible('\x1b[31mred')).toBe('␛[31mred');
  });

  it('is no longer than a reader needs, and cuts no character in two', () => {
    expect(shortened('a'.repeat(81))).toBe(`${'a'.repeat(79)}…`);
    expect(shortened('😀'.repeat(41))).toBe(`${'😀'.repeat(39)}…`);
    expect(readable(`no ${'b'.repeat(1e5)} here`)).toBe(`no ${'b'.repeat(79)}… here`);
    expect(readable('a b '.repeat(1e5)).length).toBeLessThanOrEqual(2000);
    expect(readable('[batch, hidden=128]')).toBe('[batch, hidden=128]');
  });

  it('counts', () => {
    expect([1, 2, 0].map((n) => counted(n, 'column'))).toEqual(['1 column', '2 columns', '0 columns']);
    expect(counted(2, 'axis', 'axes')).toBe('2 axes');
  });
});

it('messages of names of any length are short, whatever they say', () => {
  const name = 'n'.repeat(1e5);
  const texts = [
    `model m { input x: [batch, 3]\n loss = mean(${name}) }`,
    `model m { input x: [batch, 3]\n ${name} = 1\n ${name} = 2\n loss = mean(x) + ${name}(x) + mean(x, ${name} = 1) }`,
    `model m { input x: [batch, 3]\n input y: [${name}]\n loss = mean(x + y)\n metric ${name} = x }`,
    `model ${name} { input x: [batch, 3]\n train { ${name} = 3 } }`,
    `model m { input x: [batch, 3]\n h = "${'a b'.repeat(1e5)}" + x\n loss = mean(h) }`,
    `import { ${name} } from "${name}"\nmodel m { loss = 1 }`,
    `layer ${name}(a)(x) { param w: [q] = 1\n return x }\nmodel m { input x: [batch, 3]\n loss = mean(x |> ${name}(1, 2)) + mean(x |> ${name}(2)) }`,
  ];
  for (const text of texts) {
    const file = `${name}.nn`;
    const { diagnostics } = check({ file, text });
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const diagnostic of diagnostics) {
      const { message, labels, notes = [], help = '' } = diagnostic;
      const words = [message, ...labels.map((l) => l.text), ...notes, help];
      for (const each of words) expect(each.length).toBeLessThan(2001);
      expect(message.length).toBeLessThan(400);
      const shown = render(diagnostic, new Map([['other.nn', text]]));
      expect(shown.replaceAll(file, '').length).toBeLessThan(5000);
    }
  }
});

it('files are called by printable names', () => {
  const { diagnostics } = check({ file: 'a\x1b[31m\n.nn', text: 'model m {}' });
  for (const diagnostic of diagnostics) expect(render(diagnostic, new Map())).not.toMatch(/\p{Cc}(?<!\n)/u);
});
