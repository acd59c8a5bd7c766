// What models mean: names and order of parameters, sharing, modes, state, dimensions, optimizers, schedules, imports.
import { describe, expect, it } from 'vitest';
import { check, differentiateModel, programOf, type CheckOptions } from '../../src/compile.js';
import { evaluate } from '../../src/ir/evaluate.js';
import type { Node } from '../../src/ir/graph.js';
import { constantOf } from '../../src/ir/index.js';
import type { Mode, ModelGraph } from '../../src/ir/model.js';
import { reachable } from '../../src/ir/reachable.js';
import { printType } from '../../src/ir/types.js';
import { lossOf } from '../support/loss.js';

interface Options extends CheckOptions {
  /** Files that can be imported. */
  readonly files?: Readonly<Record<string, string>>;
}

function modelOf(text: string, { files = {}, ...options }: Options = {}): ModelGraph {
  const { model, diagnostics } = check({ file: 'test.nn', text }, { read: (path) => files[path], ...options });
  if (!model) throw new Error(diagnostics.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return model;
}

function codesOf(text: string, { files = {}, ...options }: Options = {}): string[] {
  return check({ file: 'test.nn', text }, { read: (path) => files[path], ...options }).diagnostics.map((d) => d.code);
}

/** A model in which x: [batch, 4] and t: [batch, 4] are known. */
function withBody(body: string, rest = ''): string {
  return `model m {\n  input x: [batch, 4]\n  input t: [batch, 4]\n${body}\n}\n${rest}`;
}

function parameters(text: string, options?: Options): string[] {
  return modelOf(text, options).parameters.map((p) => p.name);
}

/** The elements of a node, the leaves being given by name; the batch is 2. */
function valueOf(node: Node, leaves: Readonly<Record<string, readonly number[]>> = {}): number[] {
  const [values] = evaluate([node], {
    sizes: { batch: 2 },
    leaf: (leaf) => leaves[String(leaf.attrs.name ?? leaf.attrs.parameter)] ?? literalOf(leaf),
  });
  return [...values];
}

function literalOf({ attrs }: Node): readonly number[] {
  if (Array.isArray(attrs.values)) return attrs.values.map(Number);
  throw new Error(`no value for ${String(attrs.name)}`);
}

/** The value of a static or constant expression. */
function numberOf(expression: string, rest = ''): number {
  const { evaluation } = modelOf(`model m {\n  output y = ${expression}\n  loss = 0\n}\n${rest}`);
  return valueOf(evaluation.outputs[0].node)[0];
}

function outputType(body: string, options?: Options): string {
  return printType(modelOf(withBody(`${body}\n  loss = mean(x)`), options).training.outputs[0].node.type);
}

const block = 'layer block(n)(x) {\n  a = x |> dense(n)\n  return relu(a)\n}\n';

describe('names of parameters', () => {
  it.each([
    ['h = x |> dense(8) |> relu |> dense(4)', ['h.dense.W', 'h.dense.b', 'h.dense_2.W', 'h.dense_2.b']],
    ['encode = dense(64)\n  h = encode(x)', ['encode.W', 'encode.b']],
    [
      'h = x |> repeat(2, block(4))',
      ['h.block.0.a.dense.W', 'h.block.0.a.dense.b', 'h.block.1.a.dense.W', 'h.block.1.a.dense.b'],
    ],
    [
      'net = repeat(2, block(4))\n  h = net(x)',
      ['net.0.a.dense.W', 'net.0.a.dense.b', 'net.1.a.dense.W', 'net.1.a.dense.b'],
    ],
    [
      'net = dense(8) >> relu >> dense(4)\n  h = net(x)',
      ['net.dense.W', 'net.dense.b', 'net.dense_2.W', 'net.dense_2.b'],
    ],
    ['h = x |> residual(dense(4))', ['h.residual.dense.W', 'h.residual.dense.b']],
    ['h = x |> repeat(2, dense(4) >> relu)', ['h.0.dense.W', 'h.0.dense.b', 'h.1.dense.W', 'h.1.dense.b']],
    ['h, g = split(x |> dense(4), 2, axis = -1)', ['h.dense.W', 'h.dense.b']],
    ['h = returned(x)', ['h.returned.dense.W', 'h.returned.dense.b']],
    ['h = direct(x)', ['h.direct.dense.W', 'h.direct.dense.b']],
    ['param h: [4] = 0', ['h']],
  ])('%s', (body, names) => {
    const rest = `${block}layer returned(x) {\n  return x |> dense(8)\n}\nlayer direct(x) = x |> dense(8)\n`;
    expect(parameters(withBody(`  ${body}\n  loss = mean(h)`, rest))).toEqual(names);
  });

  it('of a loss and of a metric start with their names', () => {
    const body = '  loss = mean(dense(1)(x))\n  loss extra = mean(dense(1)(x))\n  metric q = mean(dense(1)(x))';
    expect(parameters(withBody(body))).toEqual([
      'loss.dense.W',
      'loss.dense.b',
      'extra.dense.W',
      'extra.dense.b',
      'q.dense.W',
      'q.dense.b',
    ]);
  });

  it('follow the model from the top: arguments before the layer called, bound instances where they are applied', () => {
    const body = `  first = dense(4, bias = false)
  second = dense(4, bias = false)
  a = second(x)
  b = dense(4, bias = false)(first(a))
  loss = mean(b)`;
    expect(parameters(withBody(body))).toEqual(['second.W', 'first.W', 'b.dense.W']);
  });
});

describe('parameters', () => {
  it('of an instance that is applied twice are shared', () => {
    const body = '  encode = dense(3)\n  loss = mean(encode(x)) + mean(encode(t))';
    expect(parameters(withBody(body))).toEqual(['encode.W', 'encode.b']);
  });

  it('of copies are not', () => {
    expect(parameters(withBody('  loss = mean(dense(3)(x)) + mean(dense(3)(t))')).length).toBe(4);
    expect(parameters(withBody('  f = dense(4)\n  loss = mean(x |> repeat(3, f))')).length).toBe(6);
  });

  it('that nothing depends on are not created', () => {
    const body =
      '  a = dense(3)(x)\n  param w: [4] = 0\n  h = x * w\n  loss = mean(x) + mean(dense(2, bias = false)(t))';
    expect(parameters(withBody(body))).toEqual(['loss.dense.W']);
    expect(codesOf(withBody(body))).toEqual(['unused', 'unused']);
  });

  it('start as they are declared', () => {
    const body = `  param a: [2] = 3
  param b: [2, 2] = [[1, 2], [3, 4]]
  param c: [] ~ normal(std = 2)
  param d: [4, 2] ~ glorot_uniform()
  param e: [4, 2] ~ he_normal
  param f: [3] ~ zeros
  loss = sum(a) + sum(b) + c + sum(d) + sum(e) + sum(f)`;
    expect(modelOf(withBody(body)).parameters.map((p) => p.initial)).toEqual([
      { kind: 'fill', value: 3 },
      { kind: 'values', values: [1, 2, 3, 4] },
      { kind: 'normal', mean: 0, std: 2 },
      { kind: 'uniform', low: -1, high: 1 },
      { kind: 'normal', mean: 0, std: Math.sqrt(0.5) },
      { kind: 'fill', value: 0 },
    ]);
  });

  it('that only an output depends on are not trained', () => {
    const body = '  output o = dense(2)(x)\n  param w: [4] = 1\n  loss = mean(x * w)\n  train { optimizer = adam() }';
    const model = modelOf(withBody(body));
    const { gradients, model: derived } = differentiateModel(model);
    expect([...gradients.keys()]).toEqual(['w']);
    expect(derived.players[0].updates.map((u) => u.parameter)).toEqual(['w']);
    expect(derived.parameters.map((p) => [p.name, p.trained])).toEqual([
      ['o.dense.W', false],
      ['o.dense.b', false],
      ['w', true],
    ]);
    expect(codesOf(withBody(body))).toContain('not-reached');
    expect(() => programOf(model, 'ts')).not.toThrow();
  });
});

describe('what is trained', () => {
  const trainedIn = (body: string): string[] =>
    modelOf(withBody(body)).parameters.flatMap((p) => (p.trained ? [p.name] : []));
  const layers = '  encode = dense(3)\n  h = x |> encode |> dense(2)\n  loss = mean(h)';

  it('leaves out frozen parameters', () => {
    expect(trainedIn('  frozen param a: [4] = 1\n  param b: [4] = 1\n  loss = mean(x * a * b)')).toEqual(['b']);
  });

  it.each([
    ['"encode.*"', ['h.dense.W', 'h.dense.b']],
    ['["*.b"]', ['encode.W', 'h.dense.W']],
    ['["encode.W", "h*"]', ['encode.b']],
  ])('freeze = %s', (patterns, left) => {
    expect(trainedIn(`${layers}\n  train {\n    optimizer = sgd(lr = 1)\n    freeze = ${patterns}\n  }`)).toEqual(left);
  });

  it('the first matching pattern wins, then the default', () => {
    const train = `  train {
    optimizer = sgd(lr = 1)
    optimizer "*.b" = sgd(lr = 2)
    optimizer "encode.*" = sgd(lr = 3)
  }`;
    const [{ updates }] = modelOf(withBody(`${layers}\n${train}`)).players;
    const rates = updates.map(({ parameter, weight }) => {
      const size = weight.type.shape.reduce((n, d) => n * (constantOf(d.size) ?? 1), 1);
      const full = (value: number): number[] => Array.from({ length: size }, () => value);
      const [after] = evaluate([weight], {
        leaf: (leaf) => (leaf.op.name === 'gradient' ? full(1) : leaf.op.name === 'parameter' ? full(0) : [1]),
      });
      return [parameter, after[0]];
    });
    expect(rates).toEqual([
      ['encode.W', -3],
      ['encode.b', -2],
      ['h.dense.W', -1],
      ['h.dense.b', -2],
    ]);
  });
});

describe('schedules', () => {
  const rateAt = (schedule: string, k: number): number => numberOf(`${schedule}(${k})`);

  it.each([
    ['linear(from = 1, to = 0, steps = 4)', [1, 0.75, 0.5, 0.25, 0, 0]],
    ['step_decay(lr = 1, every = 2, factor = 0.5)', [1, 1, 0.5, 0.5, 0.25, 0.25]],
    ['exponential(lr = 1, factor = 0.5)', [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]],
    ['cosine(peak = 1, steps = 4)', [1, 0.8535533905932737, 0.5, 0.14644660940672627, 0, 0]],
    ['cosine(peak = 1, steps = 6, warmup = 2)', [0.5, 1, 1, 0.8535533905932737, 0.5, 0.14644660940672627]],
    ['linear(from = 1, to = 0, steps = 6, warmup = 2)', [0.5, 1, 1, 0.75, 0.5, 0.25]],
  ])('%s', (schedule, rates) => {
    rates.forEach((rate, k) => expect(rateAt(schedule, k)).toBeCloseTo(rate, 12));
  });

  it('begin with the first update at k = 0', () => {
    const body =
      '  param w: [] = 0\n  loss = w * mean(x)\n  train { optimizer = sgd(lr = exponential(lr = 8, factor = 0.5)) }';
    const [{ weight }] = modelOf(withBody(body)).players[0].updates;
    const after = (t: number): number => {
      const [values] = evaluate([weight], {
        leaf: ({ op, attrs }) =>
          op.name === 'counter' ? [attrs.name === 'update' ? t : 1] : op.name === 'gradient' ? [1] : [0],
      });
      return values[0];
    };
    expect([1, 2, 3].map(after)).toEqual([-8, -4, -2]);
  });
});

describe('the two modes', () => {
  const draws = (mode: Mode): number =>
    reachable([lossOf(mode), ...mode.outputs.map((o) => o.node)]).filter((n) => n.op.name === 'random').length;

  it('dropout draws while training only', () => {
    const { training, evaluation } = modelOf(withBody('  output h = x |> dropout(0.5)\n  loss = mean(h)'));
    expect([draws(training), draws(evaluation)]).toEqual([1, 0]);
    expect(evaluation.outputs[0].node.op.name).toBe('input');
  });

  it('each draw has a number of its own', () => {
    const { training } = modelOf(withBody('  loss = mean(dropout(0.5)(x) + dropout(0.5)(x))'));
    const sites = reachable([lossOf(training)]).flatMap((n) => (n.op.name === 'random' ? [n.attrs.site] : []));
    expect(new Set(sites).size).toBe(2);
  });

  it('a draw is known by where it stands: another one changes none of them', () => {
    const sitesOf = (mode: Mode): Map<string, number> =>
      new Map(
        reachable([lossOf(mode)]).flatMap((n) =>
          n.op.name === 'random' ? [[n.origin?.path ?? '', n.attrs.site]] : [],
        ),
      ) as Map<string, number>;
    const plain = '  h = x |> dropout(0.5) |> dense(4)\n  k = h |> dropout(0.5)\n  loss = mean(k)';
    const more = plain.replace('  h =', '  z = x |> dropout(0.1)\n  h =').replace('mean(k)', 'mean(k) + mean(z)');
    const [before, after] = [plain, more].map((body) => sitesOf(modelOf(withBody(body)).training));
    expect([...before.keys()].sort()).toEqual(['h.dropout', 'k.dropout']);
    expect([...after.keys()].sort()).toEqual(['h.dropout', 'k.dropout', 'z.dropout']);
    for (const [path, site] of before) expect(after.get(path)).toBe(site);
  });

  it('training is known while compiling', () => {
    const { training, evaluation } = modelOf(withBody('  loss = if training then 1 else 2'));
    expect([training, evaluation].map((mode) => valueOf(lossOf(mode)))).toEqual([[1], [2]]);
  });

  it('a parameter may be there for one of them only', () => {
    const body = '  param w: [4] = 1\n  loss = if training then mean(x * w) else mean(x)';
    expect(parameters(withBody(body))).toEqual(['w']);
  });
});

describe('states', () => {
  it('what := gives is read from there on, and is what the next step begins with', () => {
    const body = `  state s: [] = 5
  before = s * 1
  s := s + 1
  between = s * 10
  s := s * 2
  output a = before
  output b = between
  loss = s + mean(x)`;
    const { training, evaluation, states } = modelOf(withBody(body));
    expect(states.map(({ name, initial }) => [name, initial])).toEqual([['s', { kind: 'fill', value: 5 }]]);
    const leaves = { s: [5], x: [0, 0, 0, 0, 0, 0, 0, 0] };
    const read = (mode: Mode): number[] =>
      [...mode.outputs, ...mode.states].map(({ node }) => valueOf(node, leaves)[0]);
    expect(read(training)).toEqual([5, 60, 12]);
    expect(valueOf(lossOf(training), leaves)).toEqual([12]);
    expect(read(evaluation)).toEqual([5, 50]);
    expect(valueOf(lossOf(evaluation), leaves)).toEqual([5]);
  });

  it('no gradient flows through :=', () => {
    const body = '  param w: [] = 3\n  state s: [] = 0\n  s := w * 2\n  loss = s * w + 0 * mean(x)';
    const { gradients } = differentiateModel(modelOf(withBody(body)));
    const node = gradients.get('w');
    expect(node && valueOf(node, { w: [3], s: [0], x: [0, 0, 0, 0, 0, 0, 0, 0] })).toEqual([6]);
  });

  it('batch normalisation follows the batch while training, and its running statistics afterwards', () => {
    const { training, evaluation, states } = modelOf(
      withBody('  output h = x |> batch_norm(momentum = 0.5, eps = 1e-300)\n  loss = mean(h)'),
    );
    expect(states.map((s) => s.name)).toEqual(['h.batch_norm.mean', 'h.batch_norm.variance']);
    const leaves = {
      x: [1, 2, 3, 4, 3, 4, 5, 6],
      'h.batch_norm.scale': [1, 1, 1, 1],
      'h.batch_norm.shift': [0, 0, 0, 0],
      'h.batch_norm.mean': [0, 0, 0, 0],
      'h.batch_norm.variance': [4, 4, 4, 4],
    };
    expect(valueOf(training.outputs[0].node, leaves)).toEqual([-1, -1, -1, -1, 1, 1, 1, 1]);
    expect(training.states.map(({ node }) => valueOf(node, leaves))).toEqual([
      [1, 1.5, 2, 2.5],
      // The running variance divides by n - 1.
      [3, 3, 3, 3],
    ]);
    expect(valueOf(evaluation.outputs[0].node, leaves)).toEqual([0.5, 1, 1.5, 2, 1.5, 2, 2.5, 3]);
    expect(evaluation.states).toEqual([]);
  });
});

describe('dimensions', () => {
  it('keep their names', () => {
    const text =
      'model m(T = 3, d = 4) {\n  input x: [batch, T, d]\n  output y = relu(x) @ zeros([d, 2])\n  loss = mean(x)\n}';
    expect(printType(modelOf(text).training.outputs[0].node.type)).toBe('[batch, T=3, 2]');
  });

  it.each([
    ['floor(T / 2)', '[floor(T / 2)]'],
    ['floor((T - 3) / 2) + 1', '[floor((T - 3) / 2) + 1]'],
    ['floor(4 * T / 2)', '[2*T]'],
    ['floor(T)', '[T]'],
    ['floor(7 / 2)', '[3]'],
  ])('may be %s', (size, type) => {
    const text = `model m {\n  input x: [batch, T]\n  output y = zeros([${size}]) + mean(x)\n}`;
    expect(printType(modelOf(text).training.outputs[0].node.type)).toBe(type);
  });

  it.each([
    ['sum(x, axis = T)', '[batch, d=4]'],
    ['sum(x, axis = batch)', '[T=3, d=4]'],
    ['sum(x, axis = [batch, d])', '[T=3]'],
    ['sum(x, axis = -1)', '[batch, T=3]'],
    ['mean(x, axis = d, keep = true)', '[batch, T=3, 1]'],
    ['transpose(x)', '[batch, d=4, T=3]'],
    ['reshape(x, [batch, T * d])', '[batch, 12]'],
    ['reshape(x, [batch, -1])', '[batch, 12]'],
    ['reshape(x, [batch, T, 2, d / 2])', '[batch, T=3, 2, 2]'],
    ['rearrange(x, "b t (h e) -> b h t e", h = 2)', '[batch, h=2, T=3, e=2]'],
    ['rearrange(x, "b t (x pattern) -> b x t pattern", x = 2, pattern = 2)', '[batch, x=2, T=3, pattern=2]'],
    ['x[:, 0]', '[batch, d=4]'],
    ['x[..., 1:]', '[batch, T=3, 3]'],
    ['x[:, none]', '[batch, 1, T=3, d=4]'],
    ['x[:, :, ::2]', '[batch, T=3, 2]'],
    ['x[:, -1, 1:3]', '[batch, 2]'],
  ])('%s is %s', (expression, type) => {
    const text = `model m(T = 3, d = 4) {\n  input x: [batch, T, d]\n  output y = ${expression}\n  loss = mean(x)\n}`;
    expect(printType(modelOf(text).training.outputs[0].node.type)).toBe(type);
  });

  it('static division is exact', () => {
    expect(numberOf('7 / 2')).toBe(3.5);
    expect(numberOf('zeros([8 / 2])[0] + 2^-1')).toBe(0.5);
    expect(codesOf('model m(d = 5) {\n  input x: [batch, d / 2]\n  loss = mean(x)\n}')).toEqual(['not-a-dimension']);
  });

  it.each([
    ['1 - 0.9', 0.1],
    ['1 - 0.9999', 0.0001],
    ['0.1 + 0.2', 0.3],
    ['0.1 * 3', 0.3],
    ['0.3 / 0.1', 3],
    ['0.1 ^ 2', 0.01],
    ['1 - 1e-15', 1 - 1e-15],
    ['1e16 + 1', 1e16 + 1],
    ['pi - 3', Math.PI - 3],
    ['1 / 3', 1 / 3],
    ['1 / 3 * 3', (1 / 3) * 3],
    ['1e300 * 1e300', Infinity],
    ['0 * 0.1', 0],
  ])('static arithmetic is decimal where its numbers are: %s', (expression, value) => {
    expect(numberOf(expression)).toBe(value);
  });

  it('an input may be of an index whose count is a parameter', () => {
    const text = 'model m(V = 7) {\n  input ids: index(V)[batch]\n  output e = embedding(3)(ids)\n  loss = mean(e)\n}';
    const model = modelOf(text);
    expect(printType(model.parameters[0].type)).toBe('[7, 3]');
  });
});

describe('settings', () => {
  const text =
    'model m(hidden = 4, deep = true, kind = "a") {\n  input x: [batch, 2]\n  h = x |> dense(hidden)\n  loss = mean(if deep then h else 2 * h) + (if kind == "a" then 0 else 1)\n}';

  it('override parameters of the model', () => {
    const widthWith = (set: CheckOptions['set']): string => printType(modelOf(text, { set }).parameters[0].type);
    expect([widthWith({}), widthWith({ hidden: 7 })]).toEqual(['[2, hidden=4]', '[2, hidden=7]']);
    expect(modelOf(text, { set: { deep: false, kind: 'b' } }).parameters.length).toBe(2);
  });

  it('that it does not have are errors', () => {
    expect(codesOf(text, { set: { hiden: 7 } })).toEqual(['unknown-override']);
    expect(codesOf(text, { set: { deep: 3 } })).toEqual(['bad-override']);
  });

  it('choose among several models', () => {
    const two = `${text}\n${text.replace('model m', 'model other')}`;
    expect(modelOf(two, { model: 'other' }).name).toBe('other');
    expect(codesOf(two)).toEqual(['several-models']);
  });
});

describe('scopes', () => {
  it('a file may shadow the library', () => {
    expect(numberOf('relu(3)', 'fn relu(x) = 10 * x')).toBe(30);
    expect(numberOf('silu(0)', 'fn sigmoid(x) = 10')).toBe(0);
  });

  it('a body may shadow the file', () => {
    const model = modelOf('k = 2\nfn f(k) = 10 * k\nmodel m {\n  output y = f(3) + k\n  loss = 0\n}');
    expect(valueOf(model.evaluation.outputs[0].node)).toEqual([32]);
  });

  it('constants may be used before they stand', () => {
    expect(numberOf('a', 'a = b + 1\nb = 2')).toBe(3);
  });

  it('functions are values', () => {
    expect(numberOf('twice(f, 5)', 'fn f(x) = x + 1\nfn twice(g, x) = g(g(x))')).toBe(7);
    expect(numberOf('(f >> f)(5)', 'fn f(x) = x + 1')).toBe(7);
    expect(numberOf('scaled(3)(5)', 'fn scaled(by = 2)(x) = by * x')).toBe(15);
    expect(numberOf('5 |> scaled', 'fn scaled(by = 2)(x) = by * x')).toBe(10);
  });

  it('defaults may use what the data binds', () => {
    const text = withBody(
      '  h = x |> wide\n  loss = mean(h)',
      'layer wide(hidden = 2 * n)(x: [..., n]) {\n  return x |> dense(hidden)\n}\n',
    );
    expect(printType(modelOf(text).parameters[0].type)).toBe('[4, 8]');
  });

  it('a function may give several values', () => {
    expect(numberOf('both(5)[1]', 'fn both(x) {\n  return x, 2 * x\n}')).toBe(10);
  });
});

describe('data', () => {
  const sourceIn = (inputs: readonly string[], data: string, head = ''): unknown => {
    const all = inputs.map((name) => `  input ${name}: index(5)[batch, 4]\n`).join('');
    const model = modelOf(
      `model m${head} {\n${all}  param w: [] = 0\n  loss = w\n  train { optimizer = sgd(0.1), data = ${data} }\n}`,
    );
    return model.train.data;
  };

  it('has words that are those of the source, whatever inputs and parameters are called', () => {
    const source = { kind: 'text', path: 'a.txt', fields: { text: 'here', next: 'next' } };
    expect(sourceIn(['text', 'next'], 'text("a.txt", text = here, next = next)')).toEqual(source);
    expect(sourceIn(['images', 'folder'], 'images("a", images = pixels, folder = folder)')).toEqual({
      kind: 'images',
      path: 'a',
      fields: { images: 'pixels', folder: 'folder' },
    });
    // A default of 0.2 in place of what is missing would go unnoticed.
    expect(sourceIn(['csv'], 'csv("a.csv", csv = drop, missing = drop)', '(drop = 2)')).toEqual({
      kind: 'csv',
      path: 'a.csv',
      fields: { csv: 2, missing: 'drop' },
    });
  });

  it('has settings that may be parameters called like its words', () => {
    expect(sourceIn(['x'], 'text("a.txt", x = next, stride = next)', '(next = 3)')).toEqual({
      kind: 'text',
      path: 'a.txt',
      fields: { x: 'next', stride: 3 },
    });
    expect(codesOf('model m {\n  input text: [batch]\n  loss = sum(text("a.txt"))\n}')).toEqual(['not-a-function']);
  });

  it('may come of a function called like a source', () => {
    const text =
      'fn csv(path) = npz(path)\nmodel m {\n  param w: [] = 0\n  loss = w\n  train { optimizer = sgd(0.1), validation = csv("a.npz"), data = npz("b.npz") }\n}';
    expect(modelOf(text).train.others?.validation).toEqual({ kind: 'npz', path: 'a.npz', fields: {} });
  });
});

describe('imports', () => {
  const files = {
    'lib/a.nn': 'import { g } from "./b.nn"\nk = 3\nfn f(x) = g(x) + k\n',
    'lib/b.nn': 'k = 100\nfn g(x) = x * k\nlayer l(x) = dense(2)(x)\n',
  };

  it('give what they name, in the scope of its own file', () => {
    const text = 'import { f } from "./lib/a.nn"\nk = 7\nmodel m {\n  output y = f(2) + k\n  loss = 0\n}\n';
    expect(valueOf(modelOf(text, { files }).evaluation.outputs[0].node)).toEqual([210]);
  });

  it('name parameters as definitions of the file do', () => {
    const text = `import { l } from "lib/b.nn"\n${withBody('  h = l(x)\n  loss = mean(h)')}`;
    expect(parameters(text, { files })).toEqual(['h.l.dense.W', 'h.l.dense.b']);
  });

  it('read each file once', () => {
    const asked: string[] = [];
    const text = `import { g } from "./lib/b.nn"\nimport { f } from "./lib/a.nn"\n${withBody('  loss = mean(f(x) + g(t))')}`;
    const read = (path: string): string | undefined => {
      asked.push(path);
      return path === 'lib/a.nn' ? files['lib/a.nn'] : path === 'lib/b.nn' ? files['lib/b.nn'] : undefined;
    };
    expect(check({ file: 'test.nn', text }, { read }).diagnostics).toEqual([]);
    expect(asked.sort()).toEqual(['lib/a.nn', 'lib/b.nn']);
  });
});

describe('losses and metrics', () => {
  it('several losses are summed, and named ones are reported', () => {
    const body = '  loss fit = mean(x)\n  loss = 2\n  loss weight = 3\n  metric double = 2 * loss\n  metric part = fit';
    const { training } = modelOf(withBody(body));
    const leaves = { x: [1, 1, 1, 1, 1, 1, 1, 1] };
    expect(valueOf(lossOf(training), leaves)).toEqual([6]);
    expect(training.losses.map(({ name, node }) => [name, valueOf(node, leaves)[0]])).toEqual([
      ['fit', 1],
      ['weight', 3],
    ]);
    expect(training.metrics.map(({ name, node }) => [name, valueOf(node, leaves)[0]])).toEqual([
      ['double', 12],
      ['part', 1],
    ]);
  });

  it('a metric of truths is their share', () => {
    const { evaluation } = modelOf(withBody('  loss = mean(x)\n  metric positive = mean(x > 0)'));
    expect(valueOf(evaluation.metrics[0].node, { x: [1, -1, 1, -1, 1, -1, 1, 1] })).toEqual([0.625]);
  });

  it('a name that is not taken may be that of a statement', () => {
    expect(outputType('  metric_ = x\n  next = metric_ + 1\n  output y = next')).toBe('[batch, 4]');
  });
});

describe('grad', () => {
  it('is an expression, to any order', () => {
    const body =
      '  param w: [] = 2\n  output a = grad(w^3, w)\n  output b = grad(grad(w^3, w), w)\n  loss = w * mean(x)';
    const { training } = modelOf(withBody(body));
    expect(training.outputs.map(({ node }) => valueOf(node, { w: [2] })[0])).toEqual([12, 12]);
  });

  it('of more than a number is that of its sum', () => {
    const { training } = modelOf(withBody('  output a = grad(x^2, x)\n  loss = mean(x)'));
    expect(valueOf(training.outputs[0].node, { x: [1, 2, 3, 4, 5, 6, 7, 8] })).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });
});

describe('optimizers', () => {
  /** A weight after some updates with these gradients. */
  function weightAfter(optimizer: string, gradients: readonly number[], rest = ''): number {
    const body = `  param w: [] = 1\n  loss = w * mean(x)\n  train { optimizer = ${optimizer} }`;
    const [update] = modelOf(withBody(body, rest)).players[0].updates;
    let w = 1;
    const slots = new Map(update.slots.map((s) => [s.name, s.initial]));
    gradients.forEach((gradient, k) => {
      const leaf = ({ op, attrs }: Node): number[] => {
        if (op.name === 'gradient') return [gradient];
        if (op.name === 'counter') return [attrs.name === 'update' ? k + 1 : 1];
        return [op.name === 'slot' ? (slots.get(String(attrs.name)) ?? NaN) : w];
      };
      const [weight, ...after] = evaluate([update.weight, ...update.slots.map((s) => s.node)], { leaf });
      w = weight[0];
      update.slots.forEach((s, i) => slots.set(s.name, after[i][0]));
    });
    return w;
  }

  it.each([
    ['sgd(lr = 0.1)', [1, 2], 0.7],
    ['sgd(lr = 0.1, momentum = 0.5)', [1, 2], 1 - 0.1 - 0.1 * 2.5],
    ['sgd(lr = 0.1, weight_decay = 0.5)', [1], 1 - 0.1 * 1.5],
    ['adam(lr = 0.1)', [3], 0.9],
    ['adamw(lr = 0.1, weight_decay = 0.5)', [3], 0.95 - 0.1],
    ['lion(lr = 0.1)', [3, -1], 1 - 0.1 + 0.1],
    ['adagrad(lr = 0.1)', [3, 4], 1 - 0.1 - 0.1 * (4 / 5)],
  ])('%s', (optimizer, gradients, weight) => {
    expect(weightAfter(optimizer, gradients)).toBeCloseTo(weight, 6);
  });

  it('statements run in order, and t counts from 1', () => {
    const mine = 'optimizer mine(lr) {\n  slot s = 10\n  s := s + g\n  w := w - lr * s\n  w := w + t\n}\n';
    expect(weightAfter('mine(lr = 1)', [1, 1], mine)).toBe(1 - 11 + 1 - 12 + 2);
  });
});
