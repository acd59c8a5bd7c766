// jax-js on its WebAssembly backend: the whole step as one compiled function. Values are used up unless `.ref` keeps them.
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

export const name = 'jax-js wasm';

/** Recurrent networks are left out. */
export function start(workload) {
  return workload.recurrent ? undefined : startDense(workload);
}

async function startDense({ layers, weights, activation, loss: lossKind, optimizer, batch, batches }) {
  await init('wasm');
  defaultDevice('wasm');
  let parameters = weights.flatMap(({ inputs, units, W, b }) => [
    np.array(W.slice()).reshape([inputs, units]),
    np.array(b.slice()),
  ]);
  const data = batches.map(({ x, y }) => ({
    x: np.array(x).reshape([batch, layers[0]]),
    y: lossKind === 'classes' ? oneHot(y, layers.at(-1)) : np.array(y).reshape([batch, 1]),
  }));
  const objective = (p, x, y) => {
    let a = x;
    for (let l = 0; l < weights.length; l++) {
      const z = np.matmul(a, p[2 * l]).add(p[2 * l + 1]);
      a = l < weights.length - 1 ? activations[activation](z) : z;
    }
    return losses[lossKind](a, y, batch);
  };
  const { initial, update } = optimizers[optimizer.kind](optimizer, parameters);
  let state = initial;
  const compiled = jit((p, s, x, y) => {
    const [loss, gradients] = valueAndGrad(objective)(tree.ref(p), x, y);
    const { next, slots } = update(p, gradients, s);
    return [next, slots, loss];
  });
  let last;
  return {
    async step(i) {
      const { x, y } = data[i % data.length];
      last?.dispose();
      [parameters, state, last] = compiled(parameters, state, x.ref, y.ref);
      // Steps that nobody waits for pile up, and are slower for it.
      tree.dispose(await blockUntilReady({ last: last.ref, parameters: tree.ref(parameters) }));
    },
    loss: async () => (await last.ref.data())[0],
  };
}

function oneHot(labels, classes) {
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => (values[row * classes + label] = 1));
  return np.array(values).reshape([labels.length, classes]);
}

const activations = {
  none: (z) => z,
  relu: nn.relu,
  sigmoid: nn.sigmoid,
  gelu: (z) => nn.gelu(z, { approximate: true }),
};

const losses = {
  squares: (z, y, batch) =>
    np
      .square(nn.sigmoid(z).sub(y))
      .sum()
      .mul(0.5 / batch),
  sigmoid: (z, y, batch) =>
    np
      .maximum(z.ref, 0)
      .sub(z.ref.mul(y))
      .add(np.log1p(np.exp(np.abs(z).mul(-1))))
      .sum()
      .mul(1 / batch),
  classes: (z, y, batch) =>
    nn
      .logSoftmax(z, -1)
      .mul(y)
      .sum()
      .mul(-1 / batch),
};

const optimizers = {
  sgd: ({ rate }) => ({
    initial: {},
    update: (p, gradients) => ({ next: p.map((w, i) => w.sub(gradients[i].mul(rate))), slots: {} }),
  }),
  adam: ({ rate, beta1, beta2, epsilon }, parameters) => ({
    initial: {
      m: parameters.map((w) => np.zeros(w.shape)),
      v: parameters.map((w) => np.zeros(w.shape)),
      power1: np.array(1),
      power2: np.array(1),
    },
    update(p, gradients, s) {
      const [power1, power2] = [s.power1.mul(beta1), s.power2.mul(beta2)];
      const [first, second] = [np.array(1).sub(power1.ref), np.array(1).sub(power2.ref)];
      const m = s.m.map((before, i) => before.mul(beta1).add(gradients[i].ref.mul(1 - beta1)));
      const v = s.v.map((before, i) => before.mul(beta2).add(np.square(gradients[i]).mul(1 - beta2)));
      const next = p.map((w, i) =>
        w.sub(
          m[i].ref
            .div(first.ref)
            .mul(rate)
            .div(np.sqrt(v[i].ref.div(second.ref)).add(epsilon)),
        ),
      );
      first.dispose();
      second.dispose();
      return { next, slots: { m, v, power1, power2 } };
    },
  }),
};
