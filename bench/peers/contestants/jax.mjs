// jax-js on its WebAssembly backend: the whole step as one compiled function. Values are used up unless `.ref` keeps them.
import { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

export const name = 'jax-js wasm';

/** Recurrent networks are left out. */
export async function start(workload) {
  if (workload.recurrent) return undefined;
  await init('wasm');
  defaultDevice('wasm');
  const start = workload.transformer ? transformer : workload.network ? convolutions : dense;
  return train(start(workload), workload.optimizer);
}

function dense({ layers, weights, activation, loss: lossKind, batch, batches }) {
  const parameters = weights.flatMap(({ inputs, units, W, b }) => [
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
  return { parameters, data, objective };
}

/** Tokens are looked up by a product with one-hot rows: `take` has no gradient within a compiled function. */
function transformer({
  transformer: { tokens, positions, width, heads, blocks },
  loss: lossKind,
  named,
  batch,
  batches,
}) {
  const at = new Map(named.map(([name], i) => [name, i]));
  const rows = batch * positions;
  const perHead = width / heads;
  const later = Float32Array.from({ length: positions * positions }, (_, i) =>
    i % positions > Math.floor(i / positions) ? -1e9 : 0,
  );
  const objective = (p, x, y) => {
    const of = (name) => p[at.get(name)];
    const affine = (a, name) => np.matmul(a, of(`${name}.W`)).add(of(`${name}.b`));
    const normed = (a, name) => {
      const apart = a.ref.sub(np.mean(a, -1, { keepdims: true }));
      const variance = np.mean(np.square(apart.ref), -1, { keepdims: true });
      return apart
        .div(np.sqrt(variance.add(1e-5)))
        .mul(of(`${name}.scale`))
        .add(of(`${name}.shift`));
    };
    const mask = np.array(later.slice()).reshape([positions, positions]);
    const attended = (a, i) => {
      const [q, k, v] = np
        .split(affine(a, `${i}.qkv`), 3, -1)
        .map((part) => part.reshape([batch, positions, heads, perHead]).transpose([0, 2, 1, 3]));
      const scores = np
        .matmul(q, k.transpose([0, 1, 3, 2]))
        .mul(1 / Math.sqrt(perHead))
        .add(mask.ref);
      const mixed = np.matmul(nn.softmax(scores, -1), v).transpose([0, 2, 1, 3]).reshape([rows, width]);
      return affine(mixed, `${i}.out`);
    };
    let h = np.matmul(x, of('tokens')).reshape([batch, positions, width]).add(of('positions')).reshape([rows, width]);
    for (let i = 0; i < blocks; i++) {
      h = h.ref.add(attended(normed(h, `${i}.norm1`), i));
      const hidden = activations.gelu(affine(normed(h.ref, `${i}.norm2`), `${i}.up`));
      h = h.add(affine(hidden, `${i}.down`));
    }
    mask.dispose();
    return losses[lossKind](affine(normed(h, 'norm'), 'logits'), y, rows);
  };
  return {
    parameters: named.map(([, shape, values]) => np.array(values.slice()).reshape(shape)),
    data: batches.map(({ x, y }) => ({ x: oneHot(x, tokens), y: oneHot(y, tokens) })),
    objective,
  };
}

function convolutions({ network, image: { channels, size }, layers, loss: lossKind, named, batch, batches }) {
  const at = new Map(named.map(([name], i) => [name, i]));
  const objective = (p, x, y) =>
    losses[lossKind](
      networks[network]((name) => p[at.get(name)], x, batch),
      y,
      batch,
    );
  return {
    parameters: named.map(([, shape, values]) => np.array(values.slice()).reshape(shape)),
    data: batches.map(({ x, y }) => ({
      x: np.array(x).reshape([batch, channels, size, size]),
      y: oneHot(y, layers.at(-1)),
    })),
    objective,
  };
}

const networks = {
  lenet(of, x, batch) {
    const affine = (a, name) => np.matmul(a, of(`${name}.W`)).add(of(`${name}.b`));
    const layer = (a, name, padding, channels, size) => {
      const filtered = convolved(a, of(`${name}.W`), padding).add(of(`${name}.b`).reshape([channels, 1, 1]));
      const windows = nn.relu(filtered).reshape([batch, channels, size / 2, 2, size / 2, 2]);
      return np.max(np.max(windows, 5), 3);
    };
    const shapes = layer(layer(x, 'edges', 2, 6, 28), 'shapes', 0, 16, 10).reshape([batch, 400]);
    return affine(nn.relu(affine(nn.relu(affine(shapes, 'first')), 'second')), 'logits');
  },
  'resnet-block'(of, x) {
    const normed = (a, name) => {
      const apart = a.ref.sub(np.mean(a, [0, 2, 3], { keepdims: true }));
      const variance = np.mean(np.square(apart.ref), [0, 2, 3], { keepdims: true });
      const scaled = apart.div(np.sqrt(variance.add(1e-5))).mul(of(`${name}.scale`).reshape([32, 1, 1]));
      return scaled.add(of(`${name}.shift`).reshape([32, 1, 1]));
    };
    const inner = nn.relu(normed(convolved(x.ref, of('conv1.W'), 1), 'norm1'));
    const sum = x.add(normed(convolved(inner, of('conv2.W'), 1), 'norm2'));
    return np.matmul(np.mean(nn.relu(sum), [2, 3]), of('logits.W')).add(of('logits.b'));
  },
};

function convolved(x, filters, padding) {
  return lax.convGeneralDilated(
    x,
    filters,
    [1, 1],
    [
      [padding, padding],
      [padding, padding],
    ],
  );
}

function train({ parameters: first, data, objective }, optimizer) {
  let parameters = first;
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
  momentum: ({ rate, momentum }, parameters) => ({
    initial: parameters.map((w) => np.zeros(w.shape)),
    update(p, gradients, s) {
      const slots = s.map((before, i) => before.mul(momentum).add(gradients[i]));
      return { next: p.map((w, i) => w.sub(slots[i].ref.mul(rate))), slots };
    },
  }),
  adam,
  adamw: adam,
};

/** Adam, whose weights decay apart from their gradients where `decay` is not 0. */
function adam({ rate, beta1, beta2, epsilon, decay = 0 }, parameters) {
  return {
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
        w.mul(1 - rate * decay).sub(
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
  };
}
