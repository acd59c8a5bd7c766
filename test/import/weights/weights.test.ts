// nnc weights: checkpoints of PyTorch and Keras give what their models gave there, and go back to the bit.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readHeader, writeTensors, type Tensor } from '../../../src/codegen/runtime/safetensors.js';
import { layouts } from '../../../src/import/weights/layouts.js';
import { bytesOf, checkpointOf } from '../../../src/import/weights/stored.js';
import { check } from '../../../src/index.js';
import { library } from '../../../src/embedded.js';
import { apart, predicted, type Recorded } from '../../support/predicted.js';
import { warm } from '../../cli/nnc.js';

const here = import.meta.dirname;
const folder = mkdtempSync(join(tmpdir(), 'nnc-from-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly inputs: Readonly<Record<string, Recorded>>;
  readonly output: Recorded;
}
const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join(here, 'cases.json'), 'utf8'));

/** Whose model a checkpoint is of, and with which settings. */
const models: Readonly<Record<string, { readonly model: string; readonly depth?: number }>> = {
  halves: { model: 'mlp' },
  'keras-gpt': { model: 'gpt', depth: 1 },
};

const weights = (model: string, ...more: readonly string[]) => warm(['weights', model, ...more], { cwd: folder });

function tensorsIn(path: string): Record<string, string> {
  const file = readFileSync(path);
  const { tensors } = readHeader(file, (why) => new Error(why));
  return Object.fromEntries(
    [...tensors].map(([name, { dtype, shape, from, to }]) => [
      name,
      `${dtype} ${shape.join()} ${file.subarray(from, to).toString('hex')}`,
    ]),
  );
}

describe.each(Object.keys(cases))('%s', (name) => {
  const { model = name, depth } = models[name] ?? {};
  const nn = join(here, `${model}.nn`);
  const theirs = join(here, `${name}.safetensors`);
  const ours = join(folder, `${name}.safetensors`);
  const set: Readonly<Record<string, number>> = depth === undefined ? {} : { depth };
  const settings = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

  it('predicts as there', () => {
    expect(weights(nn, '--from', theirs, '-o', ours, ...settings).stderr).toBe('');
    const { inputs, output } = cases[name];
    const [found] = Object.values(predicted(readFileSync(nn, 'utf8'), readFileSync(ours), inputs, { set }));
    expect(apart(found, output.data)).toBeLessThan(1e-5);
  });

  it('goes back to the bit', () => {
    const back = join(folder, `back-${name}.safetensors`);
    expect(weights(nn, '--from', ours, '--to', 'pytorch', '--like', theirs, '-o', back, ...settings).stderr).toBe('');
    const [found, wanted] = [tensorsIn(back), tensorsIn(theirs)];
    // Of two biases, of which only the sum matters, the first has the sum, and the second is 0.
    for (const key of Object.keys(wanted).filter((of) => /^(lstm|rnn)\.bias_/.test(of))) {
      if (key.includes('_hh_')) expect(found[key]).toMatch(/^F32 \d+ 0+$/);
      delete wanted[key];
      delete found[key];
    }
    expect(found).toEqual(wanted);
  });
});

it('writes a checkpoint by the names of the model, and reads it again', () => {
  const nn = join(here, 'recurrent.nn');
  const [ours, out, again] = ['recurrent', 'out', 'again'].map((name) => join(folder, `${name}.safetensors`));
  const map = join(folder, 'out.json');
  writeFileSync(map, JSON.stringify({ memory: { to: 'h.lstm' }, 'head.kernel': { to: 'y.dense.W' } }));
  expect(weights(nn, '--from', ours, '--to', 'pytorch', '-o', out, '--map', map).stdout).toMatch(
    /^memory\.weight_ih_l0 +\[16, 3\] +h\.lstm\.W$/m,
  );
  const names = Object.keys(tensorsIn(out));
  expect(names).toContain('memory.bias_hh_l0');
  expect(names).toContain('h.bidirectional.backward.weight_ih_l0');
  const { stderr } = weights(nn, '--from', out, '-o', again, '--map', map);
  expect(stderr)
    .toBe(`error[weights-map]: the map sends head.kernel to y.dense.W, which cannot be: head.kernel is [2, 4], and y.dense.W is [4, 2]

`);
  writeFileSync(
    map,
    JSON.stringify({ 'head.kernel': { to: 'y.dense.W', transpose: true }, 'y.dense.bias': { to: 'y.dense.b' } }),
  );
  expect(weights(nn, '--from', out, '-o', again, '--map', map).stderr).toBe('');
  expect(tensorsIn(again)).toEqual(tensorsIn(ours));
});

const two = `model two {
  input x: [batch, 3]
  a = x |> dense(3)
  b = a |> dense(3)
  param gain: [3] = 1
  output p = gain * b |> dense(2)
}
`;

function stored(name: string, tensors: Readonly<Record<string, readonly number[]>>): string {
  const list = Object.entries(tensors).map(([key, shape]): Tensor => {
    const count = shape.reduce((n, size) => n * size, 1);
    return { name: key, shape, data: Float32Array.from({ length: count }, (_, i) => i + shape.length) };
  });
  writeFileSync(join(folder, name), writeTensors(list, { format: 'pt', classes: 'cat dog' }));
  return name;
}

describe('names', () => {
  writeFileSync(
    join(folder, 'two.nn'),
    two
      .replace('gain * b |>', 'gain * (b + 0) |>')
      .replace('output p = gain * (b + 0)', 'c = gain * b\n  output p = c'),
  );
  const linear = (name: string, n: number, units: number) => ({
    [`${name}.weight`]: [units, n],
    [`${name}.bias`]: [units],
  });

  it('that say as much for one as for another are an error, with both', () => {
    stored('equal.safetensors', {
      ...linear('net.0', 3, 3),
      ...linear('net.2', 3, 3),
      ...linear('net.4', 3, 2),
      gain: [3],
    });
    expect(weights('two.nn', '--from', 'equal.safetensors', '-o', 'two.safetensors').stderr)
      .toBe(`error[weights-ambiguous]: a.dense can be made of net.0, net.2 in equal.safetensors: nothing decides which
  │
  = their shapes are the same, and their names say as much for one as for the other
  = help: say it in a file for --map: {"net.0.weight":{"to":"a.dense.W"}}

`);
    writeFileSync(join(folder, 'map.json'), '{"net.2.weight":{"to":"a.dense.W"}}');
    const { stdout } = weights('two.nn', '--from', 'equal.safetensors', '-o', 'two.safetensors', '--map', 'map.json');
    expect(stdout).toBe(`tensor     shape   of equal.safetensors  shape
a.dense.W  [3, 3]  net.2.weight          [3, 3]  transposed
a.dense.b  [3]     net.2.bias            [3]
b.dense.W  [3, 3]  net.0.weight          [3, 3]  transposed
b.dense.b  [3]     net.0.bias            [3]
gain       [3]     gain                  [3]
p.dense.W  [3, 2]  net.4.weight          [2, 3]  transposed
p.dense.b  [2]     net.4.bias            [2]
nothing of equal.safetensors is left over
`);
    const { metadata } = readHeader(readFileSync(join(folder, 'two.safetensors')), (why) => new Error(why));
    expect(metadata).toEqual({ format: 'nnc', model: 'two', classes: 'cat dog' });
  });

  it('that one side alone counts are no hint', () => {
    stored('one.safetensors', { ...linear('shared', 3, 3), ...linear('last', 3, 2), gain: [3] });
    expect(weights('two.nn', '--from', 'one.safetensors', '-o', 'none.safetensors').stderr).toMatch(
      /^error\[weights-ambiguous\]: shared of one\.safetensors fits a\.dense, b\.dense: nothing decides which/,
    );
  });

  it('and shapes that nothing has are told, with what is left over', () => {
    stored('less.safetensors', { ...linear('a', 3, 3), ...linear('b', 3, 3), extra: [7], gain: [3] });
    expect(weights('two.nn', '--from', 'less.safetensors', '-o', 'none.safetensors').stderr)
      .toBe(`error[weights-missing]: less.safetensors has nothing for p.dense.W [3, 2], p.dense.b [2] of the model two
  │
  = what goes nowhere: extra [7]
  = help: say where they come from in a file for --map, or let them start anew with --allow-missing

`);
    expect(readdirSync(folder)).not.toContain('none.safetensors');
    const { stdout } = weights('two.nn', '--from', 'less.safetensors', '-o', 'some.safetensors', '--allow-missing');
    expect(stdout).toMatch(
      /^start anew: p\.dense\.W, p\.dense\.b\n1 tensor of less\.safetensors left over: extra \[7\]$/m,
    );
    expect(Object.keys(tensorsIn(join(folder, 'some.safetensors')))).toEqual([
      'a.dense.W',
      'a.dense.b',
      'b.dense.W',
      'b.dense.b',
      'gain',
      'p.dense.W',
      'p.dense.b',
    ]);
  });
});

it.each([
  ['[1]', 'it is not an object'],
  ['{', 'it is not JSON'],
  ['{"a": {"to": 1}}', 'a is not { "to": "OUR TENSOR", "transpose": true or a list of axes }'],
])('refuses the map %s', (text, reason) => {
  writeFileSync(join(folder, 'wrong.json'), text);
  expect(weights('two.nn', '--from', 'equal.safetensors', '-o', 'none.safetensors', '--map', 'wrong.json').stderr)
    .toBe(`error[weights-map-malformed]: wrong.json is not a map of weights: ${reason}
  │
  = help: it is an object of JSON: { "THEIR TENSOR": { "to": "OUR TENSOR", "transpose": true } }, transpose being optional

`);
});

it('refuses numbers that are none', () => {
  const bytes = readFileSync(join(folder, 'equal.safetensors'));
  // Of the same length, but not weights.
  writeFileSync(
    join(folder, 'whole.safetensors'),
    Buffer.from(bytes.toString('latin1').replace('"F32"', '"U32"'), 'latin1'),
  );
  expect(weights('two.nn', '--from', 'whole.safetensors', '-o', 'none.safetensors', '--map', 'map.json').stderr).toBe(
    'error[checkpoint-unread]: net.0.weight of whole.safetensors is U32: weights are read from F32, F64, F16, BF16, I32 and I64\n\n',
  );
});

it('refuses numbers that the type they go to cannot hold, and tells of those that are not finite', () => {
  const one = `model one {
  input x: [batch, 2]
  param w: [2, 1] = 0
  output p = x @ w
}
`;
  writeFileSync(join(folder, 'one.nn'), one);
  const stored = (file: string, dtype: string, bytes: Uint8Array): void =>
    writeFileSync(join(folder, file), checkpointOf([{ name: 'w', dtype, shape: [2, 1], bytes }], {}));
  stored('wide.safetensors', 'F64', new Uint8Array(Float64Array.of(1, -1e300).buffer));
  expect(weights('one.nn', '--from', 'wide.safetensors', '-o', 'none.safetensors').stderr).toBe(
    'error[checkpoint-overflow]: w of wide.safetensors holds -1e+300, which is too large for F32\n  │\n  = it would become infinite\n\n',
  );
  stored('large.safetensors', 'F32', new Uint8Array(Float32Array.of(65519, 65520).buffer));
  stored('half.safetensors', 'F16', new Uint8Array(4));
  const like = ['--to', 'pytorch', '--like', 'half.safetensors'];
  expect(weights('one.nn', '--from', 'large.safetensors', ...like, '-o', 'none.safetensors').stderr).toBe(
    'error[checkpoint-overflow]: w of large.safetensors holds 65520, which is too large for F16\n  │\n  = it would become infinite\n\n',
  );
  expect(existsSync(join(folder, 'none.safetensors'))).toBe(false);
  stored('lost.safetensors', 'F64', new Uint8Array(Float64Array.of(NaN, 1).buffer));
  const { status, stdout } = weights('one.nn', '--from', 'lost.safetensors', '-o', 'lost-ours.safetensors');
  expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([
    0,
    'lost.safetensors has numbers that are not finite in w',
  ]);
});

it('says of a damaged file that it cannot be read, whichever option names it', () => {
  writeFileSync(join(folder, 'short.safetensors'), readFileSync(join(folder, 'equal.safetensors')).subarray(0, -1));
  writeFileSync(join(folder, 'empty.safetensors'), '');
  const said = (name: string, reason: string): string =>
    `error[checkpoint-unreadable]: the checkpoint ${name}.safetensors cannot be read: ${reason}\n\n`;
  const short = said('short', 'gain: its numbers are cut off');
  const empty = said('empty', 'it is not a safetensors file, or its header is cut off');
  const to = ['--to', 'pytorch', '-o', 'none.safetensors'];
  expect(weights('two.nn', '--from', 'short.safetensors', '-o', 'none.safetensors').stderr).toBe(short);
  expect(weights('two.nn', '--from', 'empty.safetensors', '-o', 'none.safetensors').stderr).toBe(empty);
  expect(weights('two.nn', '--from', 'short.safetensors', ...to).stderr).toBe(short);
  expect(weights('two.nn', '--from', 'two.safetensors', '--like', 'empty.safetensors', ...to).stderr).toBe(empty);
});

it('halves are the nearest numbers, ties to even', () => {
  const values = [1, -2, 65504, 65519, 65520, 2 ** -24, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 6.1e-5, -0, Infinity];
  const file = bytesOf(Float32Array.from(values), 'F16');
  expect([...new Uint16Array(file.buffer)]).toEqual(
    [0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 0x3c00, 0x3c02, 0x03ff, 0x8000, 0x7c00].map((bits, i) =>
      i === 9 ? expect.any(Number) : bits,
    ),
  );
});

it('every layer of the library that keeps something has a row', () => {
  const text = library.map((file) => file.text).join('\n');
  const layers = [...text.matchAll(/^layer (\w+)[^]*?^}/gm)]
    .filter(([body]) => /^ {2}(param|state) /m.test(body))
    .map(
      ([body, name]) =>
        [name, [...body.matchAll(/^ {2}(?:param|state) (\w+)/gm)].map(([, own]) => own).sort()] as const,
    );
  expect(layers.length).toBeGreaterThan(15);
  for (const [name, own] of layers.filter(([of]) => of !== 'of_norm_one'))
    expect([name, Object.keys(layouts.get(name)?.ours ?? {}).sort()]).toEqual([name, own]);
});

it('tensors of a layer of the user that is called as one of the library are not laid out as those', () => {
  const source = `layer dense(units)(x: [batch, n]) {
  param W: [n, units] ~ normal()
  return x @ W
}
model own {
  input x: [batch, 3]
  output p = x |> dense(2)
}
`;
  const { model } = check({ file: 'own.nn', text: source });
  expect(model?.parameters[0].owners).toEqual([{ layer: 'dense', path: 'p.dense', library: false }]);
});
