// Models that add up many numbers, and how far from exact what they say is.
import type { LoadedTrainer } from './trainer.js';

/** What is added: the same again and again, which drifts, and what mostly cancels. */
export const terms: Readonly<Record<string, (i: number) => number>> = {
  'of 0.1': () => Math.fround(0.1),
  'of two thirds': () => Math.fround(2 / 3),
  'of either sign': (i) => Math.fround(((i * 0.6180339887498949) % 1) - 0.5),
  alternating: (i) => Math.fround(i % 2 === 0 ? 0.3 : -0.7),
};

export function filled(count: number, of: (i: number) => number): Float32Array {
  const all = new Float32Array(count);
  for (let i = 0; i < count; i++) all[i] = of(i);
  return all;
}

/** A sum of exact terms, and of what they are without their signs. */
export class Exact {
  sum = 0;
  size = 0;
  add(term: number): void {
    this.sum += term;
    this.size += Math.abs(term);
  }
  /** The distance from the sum, as a part of the terms' absolute values. */
  error(got: number): number {
    return Math.abs(got - this.sum) / this.size;
  }
}

/** So far from exact a sum may be. */
export const promised = 1e-6;

type Trainer = Pick<LoadedTrainer, 'gradients' | 'predict'> | Awaitable;
interface Awaitable {
  gradients(inputs: object): Promise<{ loss: number; gradients: Record<string, Float32Array> }>;
  predict(inputs: object): Promise<Record<string, ArrayLike<number>>>;
}

export interface LongSum {
  readonly model: string;
  /** The largest error of anything that is a sum of so many terms. */
  error(trainer: Trainer, count: number, term: (i: number) => number): Promise<number>;
}

const worst = (errors: readonly number[]): number => errors.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a), 0);

/** By what is summed. */
export const longSums: Readonly<Record<string, LongSum>> = {
  'a whole tensor': {
    model: `model whole {
      input x: [batch]
      param w: [1] = 1
      output s = sum(x)
      loss = mean(x * w[0])
    }`,
    async error(trainer, count, term) {
      const x = filled(count, term);
      const exact = new Exact();
      x.forEach((v) => exact.add(v));
      const { loss, gradients } = await trainer.gradients({ x });
      const { s } = await trainer.predict({ x });
      return worst([s[0], loss * count, gradients.w[0] * count].map((v) => exact.error(v)));
    },
  },
  columns: {
    model: `model columns {
      input x: [batch, 5]
      param b: [5] = 0
      output s = sum(x, axis = 0)
      loss = mean(sum((x + b) * x, axis = 1))
    }`,
    async error(trainer, count, term) {
      const x = filled(5 * count, term);
      const { s } = await trainer.predict({ x });
      const { gradients } = await trainer.gradients({ x });
      return worst(
        [0, 1, 2, 3, 4].flatMap((column) => {
          const exact = new Exact();
          for (let i = column; i < x.length; i += 5) exact.add(x[i]);
          return [s[column], gradients.b[column] * count].map((v) => exact.error(v));
        }),
      );
    },
  },
  'a contraction over the batch': {
    model: `model dense {
      input x: [batch, 7]
      input y: [batch, 12]
      param W: [7, 12] = 0.1
      loss = mean(sum(x @ W * y, axis = 1))
    }`,
    async error(trainer, count, term) {
      const x = filled(7 * count, term);
      const y = filled(12 * count, (i) => term(i + 3));
      const { gradients } = await trainer.gradients({ x, y });
      return worst(
        [0, 13, 40, 83].map((place) => {
          const [row, column] = [Math.floor(place / 12), place % 12];
          const exact = new Exact();
          for (let i = 0; i < count; i++) exact.add(x[7 * i + row] * y[12 * i + column]);
          return exact.error(gradients.W[place] * count);
        }),
      );
    },
  },
  'the rows of a table': {
    model: `model table {
      input id: index(20)[batch]
      input y: [batch, 6]
      param E: [20, 6] = 0.1
      loss = mean(sum(E[id] * y, axis = 1))
    }`,
    async error(trainer, count, term) {
      const id = new Int32Array(count).map((_, i) => (i % 3 === 0 ? 19 : i % 2));
      const y = filled(6 * count, term);
      const { gradients } = await trainer.gradients({ id, y });
      return worst(
        [0, 1, 19].map((row) => {
          const exact = new Exact();
          id.forEach((chosen, i) => chosen === row && exact.add(y[6 * i + 2]));
          return exact.error(gradients.E[6 * row + 2] * count);
        }),
      );
    },
  },
  'a network that is one loop': {
    model: `model tiny {
      input x: [batch, 2]
      input y: [batch]
      param w: [2] = 0.1
      param b: [1] = 0
      loss = mean((sum(x * w, axis = 1) + b[0] - y)^2)
    }`,
    async error(trainer, count, term) {
      const x = filled(2 * count, term);
      const y = filled(count, (i) => term(i + 1));
      const { loss, gradients } = await trainer.gradients({ x, y });
      const [ofLoss, first, bias] = [new Exact(), new Exact(), new Exact()];
      const w = Math.fround(0.1);
      for (let i = 0; i < count; i++) {
        const d = w * x[2 * i] + w * x[2 * i + 1] - y[i];
        ofLoss.add(d * d);
        first.add(2 * d * x[2 * i]);
        bias.add(2 * d);
      }
      return worst([
        ofLoss.error(loss * count),
        first.error(gradients.w[0] * count),
        bias.error(gradients.b[0] * count),
      ]);
    },
  },
};

/** A contraction whose fold is known when it is compiled, and long. */
export function longFold(length: number): string {
  return `model fold {
    input x: [batch, ${length}]
    param W: [${length}, 4] = 0.1
    output s = x @ W
    output norm = sqrt(sum(x * x, axis = 1))
    output total = logsumexp(x, axis = 1)
    loss = mean(s)
  }`;
}
