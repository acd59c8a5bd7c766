// A small classifier, and a run of a thousand steps that stands on nothing outside: it works in Node and in a page alike.
import type { LoadedModule } from './trainer.js';

export const classifier = `model classifier {
  input x: [batch, 10]
  input label: index(4)[batch]
  hidden = x |> dense(24) |> gelu |> dropout(0.1) |> layer_norm
  logits = hidden |> dense(16) |> tanh |> dense(4)
  loss = cross_entropy(logits, label)
  metric right = accuracy(logits, label)
  train { optimizer = adamw(lr = cosine(peak = 1e-2, steps = 1000, warmup = 50), weight_decay = 0.01), batch = 16, seed = 5, clip_norm = 1 }
}
`;

export interface LongRun {
  readonly losses: number[];
  /** FNV-1a of the bytes of all parameters and of the optimizer's state. */
  readonly digest: number;
}

/** Trains on batches of several sizes in turn, drawn from one rule with noise. */
export async function trainLong(module: LoadedModule, steps: number): Promise<LongRun> {
  let state = 7;
  const draw = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  const trainer = await module.createTrainer();
  const losses: number[] = [];
  const sizes = [16, 16, 7, 33, 1];
  for (let step = 0; step < steps; step++) {
    const rows = sizes[step % sizes.length];
    const x = Float32Array.from({ length: rows * 10 }, () => 2 * draw() - 1);
    const label = Int32Array.from({ length: rows }, (_, i) => {
      const [a, b] = [x[10 * i] + x[10 * i + 1], x[10 * i + 2] * x[10 * i + 3]];
      return (a > 0 ? 2 : 0) + (b > 0.1 * draw() ? 1 : 0);
    });
    losses.push((await trainer.step({ x, label })).loss);
  }
  const bytes = await trainer.save({ optimizer: true });
  let digest = 2166136261;
  for (const byte of bytes) digest = Math.imul(digest ^ byte, 16777619) >>> 0;
  trainer.dispose();
  return { losses, digest };
}
