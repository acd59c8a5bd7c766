// `node bench/convolutions.mjs [NAME…]`: convolutions of many kinds on WebAssembly, forwards, by data and by weights, each kernel timed
// alone: GFLOP/s, and the share of the multiply-add peak of this core that it reaches, which is measured between samples.
import { setFlagsFromString } from 'node:v8';
import { importSource } from './importSource.mjs';

// Node 20 knows these instructions only when asked, and before the first module is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd');
const { compile } = await import('../dist/index.js');
const { peakMeter } = await importSource('../src/cli/peak.ts');
const measurePeak = peakMeter({ relaxed: true, wide: false });

const conv = (images, channels, size, filters, kernel, { stride = 1, padding = 'same', groups = 1 } = {}) => {
  const pad = padding === 'same' ? (kernel - 1) / 2 : padding;
  const out = Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return {
    name: [
      `${channels}→${filters}`,
      `${kernel}×${kernel}`,
      ...(stride > 1 ? [`stride ${stride}`] : []),
      ...(groups > 1 ? [groups === channels ? 'depthwise' : `groups ${groups}`] : []),
      ...(padding === 'same' ? [] : [`padding ${padding}`]),
      `${size}²`,
      `×${images}`,
    ].join(' '),
    work: 2 * images * filters * out * out * (channels / groups) * kernel * kernel,
    text: `model convolution {
      input x: [batch, ${channels}, ${size}, ${size}]
      input t: [batch, ${filters}, ${out}, ${out}]
      param scale: [${channels}] = 1
      h = relu(x * scale[:, none, none])
      y = h |> conv2d(${filters}, kernel = ${kernel}, stride = ${stride}, padding = ${pad}, groups = ${groups}, bias = false)
      loss = mean(y * t)
      train { optimizer = sgd(lr = 1e-6) }
    }`,
    inputs: { x: images * channels * size * size, t: images * filters * out * out },
  };
};

const table = [
  // First layers.
  conv(16, 1, 28, 8, 5),
  conv(16, 1, 28, 32, 3),
  conv(16, 3, 32, 32, 3),
  conv(8, 3, 64, 32, 7, { stride: 2 }),
  conv(4, 3, 96, 64, 3, { stride: 2 }),
  // LeNet's second.
  conv(64, 6, 14, 16, 5, { padding: 0 }),
  // Of residual networks.
  conv(32, 16, 16, 16, 3),
  conv(32, 32, 16, 32, 3),
  conv(16, 32, 16, 64, 3, { stride: 2 }),
  conv(16, 64, 8, 64, 3),
  conv(16, 64, 16, 64, 3),
  conv(16, 64, 16, 128, 3, { stride: 2 }),
  conv(16, 128, 8, 128, 3),
  conv(16, 128, 7, 128, 3),
  conv(16, 256, 4, 256, 3),
  conv(16, 32, 28, 32, 3),
  conv(4, 64, 56, 64, 3),
  // Pointwise.
  conv(16, 32, 16, 64, 1),
  conv(16, 64, 16, 32, 1),
  conv(16, 128, 7, 256, 1),
  conv(16, 64, 28, 64, 1),
  conv(16, 64, 16, 128, 1, { stride: 2 }),
  // Wide kernels.
  conv(16, 16, 28, 32, 5),
  conv(16, 32, 14, 32, 5),
  conv(8, 32, 14, 32, 7),
  conv(16, 16, 27, 32, 5, { stride: 2 }),
  // Groups, and depthwise.
  conv(16, 64, 14, 64, 3, { groups: 4 }),
  conv(16, 32, 16, 64, 3, { groups: 2 }),
  conv(16, 32, 28, 32, 3, { groups: 32 }),
  conv(16, 64, 14, 64, 5, { groups: 64 }),
  conv(16, 64, 28, 64, 3, { groups: 64, stride: 2 }),
  // Odd sizes.
  conv(16, 19, 13, 37, 3),
];

const wanted = process.argv.slice(2);
const samples = 12;
const share = (gflops, best) =>
  `${gflops.toFixed(1).padStart(7)} ${`${Math.round((100 * gflops) / best)} %`.padStart(5)}`;
console.log(
  `${'GFLOP/s, and of the peak'.padEnd(40)}${'forwards'.padStart(14)}${'by data'.padStart(14)}${'by weights'.padStart(14)}`,
);
for (const each of table) {
  if (wanted.length > 0 && !wanted.some((name) => each.name.includes(name))) continue;
  const { gflops, best } = await timed(each);
  console.log(
    each.name.padEnd(40) +
      ['forwards', 'data', 'weights'].map((kind) => share(gflops[kind], best).padStart(14)).join(''),
  );
}

/** Which of the three a kernel serves, by the first formula of what it computes; padding and sums of blocks serve them too. */
function kindOf(formulas) {
  const made = formulas.map((formula) => formula.split(' = ')[0]);
  if (made.some((name) => name.endsWith('y.conv2d.W'))) return 'weights';
  const byData = ['d_h', 'pad_d_y', 'd_window_h', 'd_pad_h', 'overlap_add_d_y'];
  if (made.some((name) => byData.includes(name)) && !made.includes('d_scale')) return 'data';
  if (made.some((name) => ['y', 'product_h', 'pad_h'].includes(name)) && !made.includes('loss')) return 'forwards';
  return 'rest';
}

/** GFLOP/s of the three, and the peak meanwhile. */
async function timed({ name, text, work, inputs: sizes }) {
  const { code, program, diagnostics } = await compile(
    { file: `${name}.nn`, text },
    { target: 'wasm', profile: 'step', language: 'js', relaxed: true },
  );
  if (code === undefined) throw new Error(`${name}: ${diagnostics.map(({ message }) => message).join('\n')}`);
  const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const trainer = await createTrainer();
  const random = (length) => Float32Array.from({ length }, () => Math.random() - 0.5);
  trainer.step(Object.fromEntries(Object.entries(sizes).map(([input, length]) => [input, random(length)])));
  const groups = { forwards: [], data: [], weights: [], rest: [] };
  program.entries.step.steps.forEach((step, i) => {
    if (!step.host) groups[kindOf(step.kernel.provenance.formulas)].push(trainer.kernels[i]);
  });
  const best = { forwards: Infinity, data: Infinity, weights: Infinity };
  let most = 0;
  for (let sample = 0; sample < samples; sample++) {
    most = Math.max(most, measurePeak() / 1e9);
    for (const kind of Object.keys(best)) {
      const begin = performance.now();
      let count = 0;
      do {
        for (const kernel of groups[kind]) kernel();
        count++;
      } while (performance.now() - begin < 6);
      best[kind] = Math.min(best[kind], (performance.now() - begin) / count);
    }
  }
  return { gflops: Object.fromEntries(Object.entries(best).map(([kind, ms]) => [kind, work / ms / 1e6])), best: most };
}
