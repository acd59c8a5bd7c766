// `node bench/contractions.mjs [NAME…]`: GFLOP/s of contractions of many shapes on every target, each kernel timed alone.
import { setFlagsFromString } from 'node:v8';
import { race } from './measure.mjs';

// Node 20 knows these instructions only when asked, and before the first module is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd');
const { compile } = await import('../dist/index.js');

/** `a @ b` in its three forms: the rows, the folded axis, the columns. */
const product = (name, rows, fold, columns, form = 'A·B') => {
  const [a, b] = { 'A·B': ['mk', 'kn'], 'Aᵀ·B': ['km', 'kn'], 'A·Bᵀ': ['mk', 'nk'] }[form];
  return contraction(`${name}${form === 'A·B' ? '' : ` ${form}`}`, `${a},${b}->mn`, { m: rows, k: fold, n: columns });
};

/** An einsum of two; `batch` among the sizes stands for a run-time size. */
const contraction = (name, pattern, sizes, batch) => {
  const [left, right, out] = pattern.split(/,|->/);
  const shape = (labels) => [...labels].map((label) => (label === batch ? 'batch' : sizes[label])).join(', ');
  const count = (labels) => [...labels].reduce((all, label) => all * sizes[label], 1);
  const all = new Set([...left, ...right]);
  const shared = [...left].filter((label) => right.includes(label));
  return {
    name,
    pattern,
    work: 2 * count(all),
    // Rows, columns and the folded axes, each as one; batch axes have no say.
    sides: [
      count([...left].filter((label) => !right.includes(label))),
      count([...right].filter((label) => !left.includes(label))),
      count(shared.filter((label) => !out.includes(label))),
    ],
    inputs: { a: count(left), b: count(right) },
    source: `model contraction {
      input a: [${shape(left)}]
      input b: [${shape(right)}]
      output c = einsum("${pattern}", a, b)
      loss = mean(c)
    }`,
  };
};

/** A convolution of 5×5 without padding, as a contraction over windows: rows repeated and cut so that each copy starts one later. */
const convolution = (images, channels, size, filters) => {
  const out = size - 4;
  const patches = (shape) => `${shape}, 6, ${size}`;
  return {
    name: `5×5 windows ${channels}→${filters}, ${size}², ${images} images`,
    pattern: 'bcixjy,ocji->boyx',
    work: 2 * images * filters * out * out * channels * 25,
    sides: [filters, images * out * out, channels * 25],
    inputs: { a: images * channels * size * size, b: filters * channels * 25 },
    source: `model convolution {
      input a: [${images}, ${channels}, ${size}, ${size}]
      input b: [${filters}, ${channels}, 5, 5]
      wide   = broadcast(a[:, :, :, none, :], [${patches(`${images}, ${channels}, ${size}`)}])
      shifts = reshape(wide, [${images}, ${channels}, ${size}, ${6 * size}])[:, :, :, 0:${5 * size + 5}]
      across = reshape(shifts, [${images}, ${channels}, ${size}, 5, ${size + 1}])[:, :, :, :, 0:${out}]
      tall   = permute(across, [0, 1, 3, 4, 2])
      copies = broadcast(tall[:, :, :, :, none, :], [${patches(`${images}, ${channels}, 5, ${out}`)}])
      cut    = reshape(copies, [${images}, ${channels}, 5, ${out}, ${6 * size}])[:, :, :, :, 0:${5 * size + 5}]
      patch  = reshape(cut, [${images}, ${channels}, 5, ${out}, 5, ${size + 1}])[:, :, :, :, :, 0:${out}]
      output c = einsum("bcixjy,ocji->boyx", patch, b)
      loss = mean(c)
    }`,
  };
};

const heads = { b: 16, h: 4, t: 64, s: 64, e: 32 };

const table = [
  product('square 64', 64, 64, 64),
  product('square 128', 128, 128, 128),
  product('square 256', 256, 256, 256),
  product('square 512', 512, 512, 512),
  product('square 512', 512, 512, 512, 'Aᵀ·B'),
  product('square 512', 512, 512, 512, 'A·Bᵀ'),
  product('odd 101×203×307', 101, 203, 307),
  product('odd 101×203×307', 101, 203, 307, 'Aᵀ·B'),
  product('odd 101×203×307', 101, 203, 307, 'A·Bᵀ'),
  product('odd 65×65×65', 65, 65, 65),
  product('tall 4096×64×64', 4096, 64, 64),
  product('wide 64×64×4096', 64, 64, 4096),
  product('deep 64×4096×64', 64, 4096, 64),
  product('deep 64×4096×64', 64, 4096, 64, 'Aᵀ·B'),
  product('deep 64×4096×64', 64, 4096, 64, 'A·Bᵀ'),
  contraction('dense 784→128, batch 64', 'mk,kn->mn', { m: 64, k: 784, n: 128 }, 'm'),
  contraction('dense 784→128, its weights', 'km,kn->mn', { k: 64, m: 784, n: 128 }, 'k'),
  contraction('dense 784→128, its input', 'mk,nk->mn', { m: 64, k: 128, n: 784 }, 'm'),
  contraction('dense 128→10, batch 64', 'mk,kn->mn', { m: 64, k: 128, n: 10 }, 'm'),
  contraction('dense 128→10, its weights', 'km,kn->mn', { k: 64, m: 128, n: 10 }, 'k'),
  contraction('dense 128→10, its input', 'mk,nk->mn', { m: 64, k: 10, n: 128 }, 'm'),
  contraction('dense 512→512, batch 128', 'mk,kn->mn', { m: 128, k: 512, n: 512 }, 'm'),
  contraction('dense 512→512, its weights', 'km,kn->mn', { k: 128, m: 512, n: 512 }, 'k'),
  contraction('dense 512→512, its input', 'mk,nk->mn', { m: 128, k: 512, n: 512 }, 'm'),
  product('row 1×784×512', 1, 784, 512),
  product('row 1×784×512', 1, 784, 512, 'A·Bᵀ'),
  product('column 512×784×1', 512, 784, 1),
  contraction('batched 32 of 64×64×64', 'bmk,bkn->bmn', { b: 32, m: 64, k: 64, n: 64 }),
  contraction('batched 32 of 64×64×64 Aᵀ·B', 'bkm,bkn->bmn', { b: 32, m: 64, k: 64, n: 64 }),
  contraction('attention q·k', 'bhte,bhse->bhts', heads, 'b'),
  contraction('attention weights·v', 'bhts,bhse->bhte', heads, 'b'),
  contraction('attention q·k, heads inside', 'bthe,bshe->bhts', heads, 'b'),
  contraction('attention weights·v, heads inside', 'bhts,bshe->bthe', heads, 'b'),
  convolution(16, 6, 14, 16),
  convolution(16, 1, 28, 6),
  convolution(4, 32, 20, 64),
];

const targets = {
  ts: { target: 'ts' },
  wasm: { target: 'wasm' },
  relaxed: { target: 'wasm', relaxed: true },
};

const wanted = process.argv.slice(2);
const rows = [];
for (const row of table.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part))))
  rows.push({ ...row, ...(await prepare(row)), best: new Map() });
// The whole table several times: a neighbour may be busy for longer than one row takes.
for (let round = 0; round < 5; round++)
  for (const { contestants, best } of rows)
    for (const [name, seconds] of await race(contestants, { milliseconds: 3, samples: 8 }))
      best.set(name, Math.min(best.get(name) ?? Infinity, seconds));
print(rows);

/** For each target the kernels of the contraction as one function of how often, and how wasm planned it. */
async function prepare({ name, source, inputs }) {
  const values = Object.fromEntries(
    Object.entries(inputs).map(([input, count]) => [
      input,
      Float32Array.from({ length: count }, () => Math.random() - 0.5),
    ]),
  );
  const contestants = {};
  let plan = '';
  let expected;
  for (const [target, options] of Object.entries(targets)) {
    const compiled = await compile({ file: name, text: source }, { ...options, language: 'js', profile: 'predict' });
    if (compiled.code === undefined) throw new Error(compiled.diagnostics.map(({ message }) => message).join('\n'));
    const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(compiled.code)}`);
    const trainer = await createTrainer();
    const { c } = trainer.predict(values);
    expected ??= c;
    // Single precision loses more where sums are long; a wrong element would be off by about its own size.
    const limit = 1e-3 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (c.some((value, i) => !(Math.abs(value - expected[i]) < limit))) throw new Error(`${name}: wrong on ${target}`);
    const { kernels } = trainer;
    contestants[target] = (count) => {
      for (let i = 0; i < count; i++) for (const kernel of kernels) kernel();
    };
    plan = compiled.program.entries.predict.steps.map(({ kernel }) => kernel.plan).join('; ');
  }
  return { contestants, plan };
}

/** Marks what is slower than it should be: `<40` and `<50` GFLOP/s where every side is long enough, and wasm behind ts. */
function print(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`${'GFLOP/s'.padEnd(width)}${['ts', 'wasm', 'relaxed'].map((name) => name.padStart(9)).join('')}  marks`);
  for (const { name, work, sides, best, plan } of rows) {
    const speed = Object.fromEntries([...best].map(([target, seconds]) => [target, work / seconds / 1e9]));
    const large = work > 2e6 && Math.min(...sides) >= 64;
    const marks = [
      large && speed.wasm < 40 ? '<40' : '',
      large && speed.relaxed < 50 ? '<50' : '',
      speed.wasm < speed.ts ? 'wasm<ts' : '',
    ].filter((mark) => mark !== '');
    const figures = Object.values(speed).map((value) => value.toFixed(1).padStart(9));
    console.log(`${name.padEnd(width)}${figures.join('')}  ${marks.join(' ').padEnd(8)} ${plan}`);
  }
}
