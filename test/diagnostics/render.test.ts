// How a diagnostic looks, to people and to editors.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../src/diagnostics/catalog.js';
import type { Diagnostic, Label } from '../../src/diagnostics/diagnostic.js';
import { toJson } from '../../src/diagnostics/json.js';
import { render } from '../../src/diagnostics/render.js';

/** Labels at the marked stretches of a text: `a «b» c`, with one text each. */
function marked(source: string, texts: readonly string[], file = 'a.nn'): { text: string; labels: Label[] } {
  const labels: Label[] = [];
  let text = '';
  let start = 0;
  for (const character of source) {
    if (character === '«') start = text.length;
    else if (character === '»')
      labels.push({ span: { file, start, end: text.length }, text: texts[labels.length] ?? '' });
    else text += character;
  }
  return { text, labels };
}

function show(source: string, texts: readonly string[], more: Partial<Diagnostic> = {}): string {
  const { text, labels } = marked(source, texts);
  return `\n${render({ severity: 'error', code: 'code', message: 'message', labels, ...more }, new Map([['a.nn', text]]))}\n`;
}

const lines = (text: string): string[] => text.trim().split('\n').slice(3);

describe('render', () => {
  it('several labels on a line, notes and help', () => {
    const { text, labels } = marked(
      '1\n2\n3\n4\n5\n  logits = «h» @ «W»\n',
      ['h: [batch, hidden=128]', 'W: [784, 10]'],
      'mnist.nn',
    );
    const diagnostic: Diagnostic = {
      severity: 'error',
      code: 'shape-mismatch',
      message: 'these shapes cannot be multiplied',
      labels,
      notes: ['the last dimension of h is hidden=128, and the first of W is 784'],
      help: 'did you mean image @ W?  image: [batch, 784]',
    };
    expect(`\n${render(diagnostic, (file) => (file === 'mnist.nn' ? text : undefined))}\n`).toBe(`
error[shape-mismatch]: these shapes cannot be multiplied
  ┌─ mnist.nn:6:12
  │
6 │   logits = h @ W
  │            ─   ─ W: [784, 10]
  │            │
  │            h: [batch, hidden=128]
  │
  = the last dimension of h is hidden=128, and the first of W is 784
  = help: did you mean image @ W?  image: [batch, 784]
`);
  });

  it('three labels, and lines apart', () => {
    expect(show('«a» + «b» + «c»\n\n\nd\n«e»\n\n«f»', ['A', 'B', 'C', 'E', 'F'])).toBe(`
error[code]: message
  ┌─ a.nn:1:1
  │
1 │ a + b + c
  │ ─   ─   ─ C
  │ │   │
  │ │   B
  │ A
  ·
5 │ e
  │ ─ E
6 │
7 │ f
  │ ─ F
`);
  });

  it('one label within another', () => {
    const text = 'f(x)';
    const at = (start: number, end: number, said: string): Label => ({
      span: { file: 'a.nn', start, end },
      text: said,
    });
    const labels = [at(2, 3, 'inner'), at(0, 4, 'outer')];
    const shown = render({ severity: 'warning', code: 'code', message: 'message', labels }, new Map([['a.nn', text]]));
    expect(lines(shown)).toEqual(['1 │ f(x)', '  │ ────', '  │ │ │', '  │ │ inner', '  │ outer']);
  });

  it('aligns the gutter to the last line number', () => {
    expect(lines(show(`${'\n'.repeat(8)}«a»\n«b»`, []))).toEqual([' 9 │ a', '   │ ─', '10 │ b', '   │ ─']);
  });

  it('tabs, wide characters and combining ones', () => {
    expect(lines(show('\tx = «y»', []))).toEqual(['1 │     x = y', '  │         ─']);
    expect(lines(show('字 = «字»', []))).toEqual(['1 │ 字 = 字', '  │      ──']);
    expect(lines(show('ŷ = «x»', []))).toEqual(['1 │ ŷ = x', '  │     ─']);
    expect(lines(show('"😀" «x»', []))).toEqual(['1 │ "😀" x', '  │      ─']);
  });

  it('CRLF, and a span over several lines', () => {
    expect(lines(show('a = f(«b,\r\n  c»)\r\nd', ['these']))).toEqual(['1 │ a = f(b,', '  │       ── these']);
  });

  it('the end of the file', () => {
    expect(show('a =«»', ['here'])).toContain('1 │ a =\n  │    ─ here');
    expect(show('a =\n«»', ['here'])).toContain('a.nn:2:1\n  │\n2 │\n  │ ─ here');
    expect(show('«»', ['here'])).toContain('1 │\n  │ ─ here');
  });

  it('control characters cannot reach the terminal', () => {
    expect(lines(show('a\u001b[31m «b»\0', []))).toEqual(['1 │ a␛[31m b␀', '  │        ─']);
  });

  it('a part of a very long line', () => {
    const shown = show(`${'x'.repeat(500_000)}«bad»${'y'.repeat(500_000)}`, ['here']);
    expect(shown.length).toBeLessThan(600);
    const [line, marks] = lines(shown);
    expect(line.indexOf('bad')).toBe(marks.indexOf('───'));
  });

  it('the calls that led into a library', () => {
    const sources = new Map([
      ['std/layers.nn', 'layer dense(x) = x @ W'],
      ['a.nn', 'h = x |> block\ng = dense(h)'],
    ]);
    const at = (file: string, start: number, end: number) => ({ file, start, end });
    const diagnostic: Diagnostic = {
      severity: 'error',
      code: 'code',
      message: 'message',
      labels: [{ span: at('std/layers.nn', 17, 22), text: 'this' }],
      trace: [{ callee: 'dense', span: at('a.nn', 19, 27) }],
    };
    expect(`\n${render(diagnostic, sources)}\n`).toBe(`
error[code]: message
  ┌─ std/layers.nn:1:18
  │
1 │ layer dense(x) = x @ W
  │                  ───── this
  ┌─ a.nn:2:5
  │
2 │ g = dense(h)
  │     ──────── in this call of dense
`);
    const long = Array.from({ length: 9 }, (_, index) => ({ callee: `f${index}`, span: at('a.nn', 0, 1) }));
    const shown = render({ ...diagnostic, trace: long }, sources);
    expect(shown).toContain('· 5 more calls');
    expect([...shown.matchAll(/call of (\w+)/g)].map(([, callee]) => callee)).toEqual(['f0', 'f1', 'f7', 'f8']);
  });

  it('a file that is not known', () => {
    const labels = [{ span: { file: 'gone.nn', start: 3, end: 4 }, text: 'there' }];
    const shown = render({ severity: 'error', code: 'code', message: 'message', labels }, new Map());
    expect(shown.split('\n').slice(1)).toEqual(['  ┌─ gone.nn', '  │ there']);
  });

  it('no place at all', () => {
    expect(
      render({ severity: 'error', code: 'code', message: 'message', labels: [], help: 'do this' }, new Map()),
    ).toBe('error[code]: message\n  │\n  = help: do this');
  });

  it('colours only on request', () => {
    const { text, labels } = marked('«a»', ['b']);
    const diagnostic: Diagnostic = { severity: 'error', code: 'code', message: 'message', labels };
    const coloured = render(diagnostic, new Map([['a.nn', text]]), { colour: true });
    expect(coloured).toContain('\u001b[31m');
    expect(stripVTControlCharacters(coloured)).toBe(render(diagnostic, new Map([['a.nn', text]])));
  });
});

it('places for editors', () => {
  const { text, labels } = marked('a\r\n😀«bc\n»d', ['here']);
  expect(toJson({ severity: 'warning', code: 'code', message: 'message', labels }, new Map([['a.nn', text]]))).toEqual({
    code: 'code',
    severity: 'warning',
    message: 'message',
    labels: [{ file: 'a.nn', line: 2, column: 3, endLine: 3, endColumn: 1, start: 5, end: 8, text: 'here' }],
    notes: [],
    trace: [],
  });
});

it('codes are kebab case', () => {
  expect(catalog.size).toBeGreaterThan(20);
  for (const code of catalog.keys()) expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});
