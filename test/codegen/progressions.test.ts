// Lines that count on become loops that do the same; what does not count on stays as it was.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { elementsOf, membersOf, statementsOf } from '../../src/codegen/text/progressions.js';

/** What `listOfCopies` of the runtime does. */
const listOfCopies = 'const listOfCopies = (n, of) => Array.from({ length: n }, (_, i) => of(i)).flat();';

/** The calls that statements make. */
function callsOf(statements: readonly string[]): unknown {
  const text = `const m = new Proxy({}, { get: (_, name) => new Proxy({}, { get: (__, at) => name + at }) });
    const calls = []; const f = (...all) => calls.push(all.join()); ${statements.join('\n')}\nreturn calls;`;
  return (new Function(text) as () => unknown)();
}

function valueOf(expression: string): unknown {
  return (new Function(`${listOfCopies} return ${expression};`) as () => unknown)();
}

function withoutTypes(text: string): string {
  return text.replace(/<\[string, \w+\]>/g, '').replace(/ as Record<.*>$/, '');
}

interface Layers {
  readonly count: number;
  readonly first: number;
  readonly down: boolean;
  readonly lines: readonly { readonly by: number; readonly own: boolean }[];
  readonly draws: readonly number[];
}

/** So many layers of lines, from a number on, up or down, with a number that each layer has of its own. */
const layers: fc.Arbitrary<Layers> = fc.record({
  count: fc.integer({ min: 1, max: 9 }),
  first: fc.integer({ min: 0, max: 5 }),
  down: fc.boolean(),
  lines: fc.array(fc.record({ by: fc.constantFrom(0, 1, 2, 16), own: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  draws: fc.array(fc.nat(99), { minLength: 9, maxLength: 9 }),
});

function linesOf({ count, first, down, lines, draws }: Layers): string[] {
  return Array.from({ length: count }, (_, n) => {
    const at = down ? first + count - 1 - n : first + n;
    return lines.map(
      ({ by, own }, j) =>
        `f("h.${at}.W", m.w${j}[${at}], m.x[${at + 1}], 4 * (${7 + by * at} + 3), ${own ? draws[n] : -1.5}); // h.${at}: m.nn:4`,
    );
  }).flat();
}

describe('lines that count on', () => {
  it('are loops that make the same calls', () => {
    fc.assert(
      fc.property(fc.array(layers, { maxLength: 3 }), fc.boolean(), (parts, lists) => {
        const lines = parts.flatMap(linesOf);
        expect(callsOf(statementsOf(lines, lists))).toEqual(callsOf(lines));
      }),
    );
  });

  it('are lists of the same elements, and objects of the same members', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (count, each) => {
        const places = Array.from({ length: count * each }, (_, at) => [Math.floor(at / each), at % each] as const);
        const elements = places.map(([n, j]) => `{ name: "a/h.${n}.w${j}", at: ${3 * n + j} }`);
        expect(valueOf(`[${elementsOf(elements).join(', ')}]`)).toEqual(valueOf(`[${elements.join(', ')}]`));
        const members = places.map(([n, j]) => [`h.${n}.w${j}`, String(5 * n - j)] as const);
        const types = { names: 'Name', values: 'number' };
        const found = valueOf(`(${withoutTypes(membersOf(members, types))})`);
        expect(JSON.stringify(found)).toBe(JSON.stringify(Object.fromEntries(members.map(([k, v]) => [k, Number(v)]))));
      }),
    );
  });

  it('read as one would write them', () => {
    const down = [5, 4, 3, 2].flatMap((n) =>
      ['a', 'b', 'c'].map((f) => `${f}(m.h[${n}], m.h[${n - 1}]); // h.${n}: m.nn:4`),
    );
    expect(statementsOf(down)).toEqual([
      '// h.i: m.nn:4\nfor (let i = 5; i >= 2; i--) {\na(m.h[i], m.h[i - 1]);\nb(m.h[i], m.h[i - 1]);\nc(m.h[i], m.h[i - 1]);\n}',
    ]);
  });

  it('stay where loops save little, where nothing counts, and where numbers are parts of words', () => {
    const few = [0, 1, 2].map((n) => `f(m.h[${n}]);`);
    const same = Array.from({ length: 20 }, () => 'f(m.h[1]);');
    const words = Array.from({ length: 20 }, (_, n) => `f(m.h_${n}, 0.${n + 1}5);`);
    for (const lines of [few, same, words]) expect(statementsOf(lines)).toEqual(lines);
  });
});
