// Derivations of models with loops: every line speaks of what stands above it, loops stand one after another, and nested ones have letters of their own.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import type { Derivation, Step } from '../../src/inspect/derivation/data.js';
import { derivationOf, type DerivationOptions } from '../../src/inspect/derivation/derivation.js';
import { printLatex } from '../../src/inspect/print/latex.js';
import { printText } from '../../src/inspect/print/text.js';
import { factorsByLetters } from '../../src/ir/formula/places.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { partsOf, type Formula } from '../../src/ir/formula/tree.js';

const known = new Map<string, Derivation>();

function derived(body: string, options?: DerivationOptions): Derivation {
  const key = `${options?.order ?? 1} ${body}`;
  const made = known.get(key) ?? derivedAnew(body, options);
  known.set(key, made);
  return made;
}

function derivedAnew(body: string, options?: DerivationOptions): Derivation {
  const { model, diagnostics } = check({ file: 'm.nn', text: `model m(T = 4) {\n${body}\n}\n` });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return derivationOf(model, options);
}

const recurrent = (layer: string): string => `input x: [batch, T, 3]
input y: [batch, T, 3]
p = x |> ${layer}(3)
loss = mean((p - y)^2)`;

const withGradInside = `input x: [batch, T, 3]
param W: [3, 3] = 0.1
u = scan xt in x along T, h = zeros([batch, 3]) {
  h := tanh(h @ W + xt)
  emit h
}
loss = mean(u^2) + mean(grad(sum(u^2), x)^2)`;

const nested = `input x: [batch, T, 5, 3]
param W: [3, 3] = 0.1
u = scan xt in x along T, h = zeros([batch, 3]) {
  v = scan xs in xt along 1, g = h {
    g := tanh(g @ W + xs)
    emit g
  }
  h := h + sum(v^2, axis = 1)
  emit h
}
loss = mean(u^2)`;

const emits = `input x: [batch, T, 3]
param W: [3, 3] = 0.1
a, b = scan xt in x along T, h = zeros([batch, 3]) {
  z = h @ W + xt
  h := tanh(z)
  emit z, h * xt
}
loss = mean(a * b) + mean(h^2)`;

const turned = withGradInside.replace('along T', 'along T backwards');

const small = `${recurrent('gru')}
train {
  optimizer = sgd(0.1)
  memory = "small"
}`;

const gradWithin = `input x: [batch, T, 3]
param W: [3, 3] = 0.1
u = scan xt in x along T, h = zeros([batch, 3]) {
  e = sum(tanh(xt @ W + h)^2)
  h := h - 0.1 * grad(e, h)
  emit h
}
loss = mean(u^2)`;

const plain: readonly (readonly [string, string])[] = [
  ['rnn', recurrent('rnn')],
  ['gru', recurrent('gru')],
  ['lstm', recurrent('lstm')],
  ['gru in little memory', small],
  ['several values emitted', emits],
  ['a nested scan', nested],
  ['a gradient of a scan', withGradInside],
  ['a gradient of a scan that goes backwards', turned],
  ['a gradient within a scan', gradWithin],
];

const models: readonly (readonly [string, string, DerivationOptions])[] = [
  ...plain.map(([name, body]) => [name, body, {}] as const),
  ...plain.map(([name, body]) => [`${name}, twice`, body, { order: 2 }] as const),
];

const all = ({ forward, backward, parameters }: Derivation): readonly Step[] => [
  ...forward,
  ...backward,
  ...parameters,
];

/** Inputs, parameters and sizes of the models above, and the vectors of second derivatives. */
const given = /^([xyW]|batch|v_\w+|p\.\w+\.\w+)$/u;

/** What a formula of a condition says of positions: `t < 3`. */
const position = /^(-?[a-z]|\d+)( [-+·] ([a-z]|\d+))*$/u;

/** The names in a formula that stand for what is computed. */
function computed(formula: Formula): string[] {
  if (formula.kind !== 'name') return partsOf(formula).flatMap(computed);
  const text = printFormula(formula, 'math');
  return given.test(text) || position.test(text) ? [] : [text];
}

/** What a line defines, without its positions. */
function definedBy({ left }: Pick<Step, 'left'>): string {
  return printFormula(left.kind === 'index' ? left.of : left, 'math');
}

/** Of each name that no line above defines, the line that speaks of it. */
function unknownIn(steps: readonly Step[], known: Set<string>): string[] {
  const unknown: string[] = [];
  const read = (formula: Formula, by: string): void => {
    for (const name of computed(formula)) if (!known.has(name)) unknown.push(`${name} in ${by}`);
  };
  for (const step of steps) {
    const { loop, formula } = step;
    const own = definedBy(step);
    if (loop) {
      for (const start of loop.starts) read(start.formula, definedBy(start));
      for (const start of loop.starts) known.add(definedBy(start));
      unknown.push(...unknownIn(loop.body, known));
    } else {
      read(formula, own);
      known.add(own);
    }
  }
  return unknown;
}

/** The letters of loops, each after those of the loops around it. */
function lettersOf(steps: readonly Step[], around: readonly string[] = []): string[][] {
  return steps.flatMap(({ loop }) => {
    if (!loop) return [];
    const letters = [...around, loop.letter];
    return [letters, ...lettersOf(loop.body, letters)];
  });
}

/** Every formula of a derivation, and of what it is made. */
function formulasIn(steps: readonly Step[]): Formula[] {
  const parts = (formula: Formula): Formula[] => [
    formula,
    ...partsOf(formula).flatMap(parts),
    ...(formula.kind === 'contraction' && formula.elements ? formula.elements.flatMap(parts) : []),
  ];
  return steps.flatMap(({ left, formula, loop }) =>
    loop
      ? [...[...loop.over, ...loop.starts].flatMap((each) => parts(each.formula)), ...formulasIn(loop.body)]
      : [...parts(left), ...parts(formula)],
  );
}

/** How many axes each name has: the positions of its loops, then those of its values. */
function ranksIn(steps: readonly Step[], depth = 0, ranks = new Map<string, number>()): Map<string, number> {
  for (const step of steps) {
    if (step.loop) {
      for (const { left, formula } of step.loop.starts)
        if (formula.node) ranks.set(definedBy({ left }), depth + 1 + formula.node.type.shape.length);
      ranksIn(step.loop.body, depth + 1, ranks);
    } else ranks.set(definedBy(step), depth + step.type.shape.length);
  }
  return ranks;
}

/** What lines define, each time; what rounds hand on is defined as it starts as well. */
function definitionsIn(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => (step.loop ? definitionsIn(step.loop.body) : [definedBy(step)]));
}

describe('places in loops', () => {
  it.each(models)('%s: what is indexed has as many axes as it has indices', (_, body, options) => {
    const steps = all(derived(body, options));
    const ranks = ranksIn(steps);
    const tooMany = formulasIn(steps).flatMap((formula) => {
      if (formula.kind !== 'index' || formula.of.kind !== 'name') return [];
      const rank = ranks.get(printFormula(formula.of, 'math'));
      return rank !== undefined && formula.places.length > rank
        ? [`${printFormula(formula, 'math')}: ${rank} axes`]
        : [];
    });
    expect(tooMany).toEqual([]);
  });

  it.each(models)('%s: an element of a sum of products has an index for each axis', (_, body, options) => {
    const steps = all(derived(body, options));
    const ranks = ranksIn(steps);
    const elements = formulasIn(steps).flatMap((formula) =>
      formula.kind === 'contraction' ? [...factorsByLetters(formula)] : [],
    );
    for (const element of elements) {
      const rank = ranks.get(printFormula(element.kind === 'index' ? element.of : element, 'math'));
      if (rank !== undefined)
        expect(element.kind === 'index' && element.places.length, printFormula(element, 'math')).toBe(rank);
    }
  });

  it.each(models)('%s: one index says where something stands, and each place is one sum', (_, body, options) => {
    const text = printText(derived(body, options));
    expect(text).not.toContain('][');
    // Sums of numbers that could be one, and rows in the opposite order.
    for (const [, places] of text.matchAll(/\[([^\][]*)\]/gu))
      for (const place of places.split(', '))
        expect(place.match(/\d+/g)?.length ?? 0, place).toBeLessThan(/[:…=]|\d\.\d/.test(place) ? 3 : 2);
    expect(text).not.toContain('::-1');
  });

  it('says of each position what stands there: what a loop backwards hands on is counted as its rounds are', () => {
    const text = printText(derived(recurrent('rnn'), { order: 2 }));
    // The cotangent of z at the position 3 - t, by what was handed on to it.
    expect(text).toContain('(∂loss/∂p[:, 3 - t] + part_h[3 - t]) ⊙ (1 - h[3 - t]²)');
    expect(text).toContain('p[:, t]      = h[t]');
  });
});

describe('lines of loops', () => {
  it('do not call by another name what has one', () => {
    expect(printText(derived(gradWithin))).not.toMatch(/^ +part_\w+\[t\] += \w+\[t[ -\d]*\] /m);
  });

  it('sum up positions from the first one on', () => {
    expect(printText(derived(turned))).toMatch(/Σ_\{t,b\} h\[t, b, k\] · δ_h\[t, b, c\]/);
  });
});

describe('names of derivatives', () => {
  it.each(models)('%s: each is defined once', (_, body, options) => {
    const names = definitionsIn(all(derived(body, options)));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it.each(models)('%s: those of an inner gradient are never of the loss', (_, body, options) => {
    const { forward } = derived(body, options);
    expect(definitionsIn(forward).filter((name) => /loss\/|δ_/.test(name))).toEqual([]);
  });

  it.each(models)(
    '%s: what they are of has a line, a place in the legend, or its name in the model',
    (_, body, options) => {
      const derivation = derived(body, options);
      const known = new Set([
        'loss',
        ...definitionsIn(derivation.forward),
        ...derivation.legend.map(({ sign }) => sign),
        ...[...body.matchAll(/(\w+) :?= /g)].map(([, name]) => name),
      ]);
      const titles = formulasIn(all(derivation)).flatMap((formula) => (formula.kind === 'name' ? [formula.title] : []));
      const of = titles.flatMap(({ by, inner }) => [by, inner?.by]).filter((by) => by !== undefined);
      expect(of.filter((by) => !known.has(by))).toEqual([]);
    },
  );

  it('are of what is differentiated, though two loops have one body', () => {
    const text = printText(derived(withGradInside));
    expect(text).toMatch(/∂sum_u\/∂h\[t\] +=/);
    expect(text).toMatch(/∂loss\/∂h\[t\] +=/);
    expect(text).not.toMatch(/∂pow_u/);
    expect(text).toMatch(/sum_u +Σ u², which is differentiated in m\.nn:8\n/);
  });
});

describe('places in LaTeX', () => {
  it('stand behind the fraction of a derivative in parentheses', () => {
    const text = printLatex(derived(nested, { order: 2 }));
    expect(text).toMatch(/\\left\(\\frac\{\\partial \\mathrm\{slope\}\}\{\\partial z_\{g[^&]*\\right\)\}_\{t , s\} &=/);
  });
});

describe('blocks of what was split', () => {
  it.each(['gru', 'lstm'])('%s: the cotangent of its gates is put together of theirs', (layer) => {
    const text = printText(derived(recurrent(layer)));
    expect(text).not.toContain('pad(');
    expect(text).toMatch(/= \[δ_p_\w+\[t\], δ_p_\w+\[t\],/);
  });
});

describe('loops of a derivation', () => {
  it.each(models)('%s: each line speaks of inputs, of parameters and of what stands above it', (_, body, options) => {
    expect(unknownIn(all(derived(body, options)), new Set())).toEqual([]);
  });

  it.each(models)(
    '%s: loops stand in one another as in the model, with letters of their own',
    (name, body, options) => {
      const letters = lettersOf(all(derived(body, options)));
      expect(Math.max(...letters.map(({ length }) => length))).toBe(name.startsWith('a nested scan') ? 2 : 1);
      for (const each of letters) expect(new Set(each).size).toBe(each.length);
    },
  );
});
