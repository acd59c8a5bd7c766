// `node bench/attention.mjs [LENGTH…]`: attention alone, forwards and backwards, in blocks of rows and without; also as a share of the
// peak of 128-bit multiplication and addition, which is measured between samples. What is counted are the products, none of them twice.
// RELAXED=1: with fused multiplication and addition.
import { setFlagsFromString } from 'node:v8';
import { importSource } from './importSource.mjs';
import { race } from './measure.mjs';

// Node 20 knows these instructions only when asked, and before the first module is compiled.
setFlagsFromString('--experimental-wasm-relaxed-simd');
const { compile } = await import('../dist/index.js');
const { peakMeter } = await importSource('../src/cli/peak.ts');
const measurePeak = peakMeter({ relaxed: true, wide: false });

const heads = 2;
const width = 64;
const lengths = process.argv.slice(2).map(Number);

for (const T of lengths.length > 0 ? lengths : [64, 128, 256, 512, 1024])
  for (const causal of [false, true]) await compare(T, causal);

function textOf(T, causal, trained) {
  const operand = (name) => `${name} = reshape(${trained ? `w${name} * ` : ''}x, [batch, ${T}, ${heads}, ${width}])`;
  return [
    'model attention {',
    `  input x: [batch, ${T}, ${heads * width}]`,
    ...(trained ? ['q', 'k', 'v'].map((name) => `  param w${name}: [${heads * width}] ~ uniform(-1, 1)`) : []),
    ...['q', 'k', 'v'].map((name) => `  ${operand(name)}`),
    '  scores = einsum("bthe,bshe->bhts", q, k) / 8',
    `  weights = softmax(${causal ? `if lower_triangle(${T}) then scores else -inf` : 'scores'})`,
    '  y = einsum("bhts,bshe->bthe", weights, v)',
    ...(trained ? ['  loss = mean(y^2)', '  train { optimizer = sgd(lr = 0.1), batch = 4 }'] : ['  output y']),
    '}',
  ].join('\n');
}

async function compare(T, causal) {
  const batch = Math.max(1, Math.round(1024 / T));
  const x = Float32Array.from({ length: batch * T * heads * width }, () => 2 * Math.random() - 1);
  const flops = 2 * batch * heads * width * (causal ? (T * (T + 1)) / 2 : T * T);
  for (const [way, products] of [
    ['forwards', 2],
    ['forwards and backwards', 6],
  ]) {
    const made = async (options) => {
      const file = { file: 'attention.nn', text: textOf(T, causal, products > 2) };
      const { code, diagnostics } = await compile(file, {
        target: 'wasm',
        language: 'js',
        threads: false,
        relaxed: process.env.RELAXED !== undefined,
        ...options,
      });
      if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
      const { createTrainer } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
      const trainer = await createTrainer({ seed: 1 });
      const run = products > 2 ? () => trainer.step({ x }) : () => trainer.predict({ x });
      run();
      return {
        size: code.length,
        run: (count) => {
          for (let i = 0; i < count; i++) run();
        },
      };
    };
    const [blocks, whole] = [await made({}), await made({ without: ['block-attention'] })];
    let best = 0;
    const sample = () => (best = Math.max(best, measurePeak() / 1e9));
    const times = await race({ blocks: blocks.run, whole: whole.run, sample }, { milliseconds: 15, samples: 12 });
    const rate = (name) => (products * flops) / times.get(name) / 1e9;
    console.log(
      `${String(T).padStart(5)} ${causal ? 'causal' : 'all   '} ${way.padEnd(23)}`,
      `blocks ${rate('blocks').toFixed(1)} GFLOP/s, ${((100 * rate('blocks')) / best).toFixed(0)} % of ${best.toFixed(0)};`,
      `whole ${rate('whole').toFixed(1)}; ${(times.get('whole') / times.get('blocks')).toFixed(2)} times as fast; text ${blocks.size} : ${whole.size}`,
    );
  }
}
