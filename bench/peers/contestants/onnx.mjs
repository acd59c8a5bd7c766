// onnxruntime-web, on one thread: a training step of dense networks written out as a graph of ordinary operators, since the package trains no
// more (its last version that did is 1.19, of artifacts that Python makes). Weights are inputs, and their next values outputs.
import * as ort from 'onnxruntime-web';
import { graphOf } from './onnxGraph.mjs';

export const name = 'onnxruntime-web';

/** Gradients by hand are there for dense networks alone. */
export async function start({ weights, layers, activation, loss: lossKind, optimizer, batch, batches, recurrent }) {
  if (!weights || recurrent) return undefined;
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(stepOf({ layers, activation, lossKind, optimizer, batch }));
  // It gives Node a Worker, from which jax-js takes it that memory is shared.
  delete globalThis.Worker;
  const tensor = (values, shape) => new ort.Tensor('float32', values, shape);
  const state = new Map(
    weights.flatMap(({ inputs, units, W, b }, l) => {
      const slots = optimizer.kind === 'adam' ? ['', '.m', '.v'] : [''];
      return slots.flatMap((slot) => [
        [`W${l}${slot}`, tensor(slot ? new Float32Array(W.length) : W.slice(), [inputs, units])],
        [`b${l}${slot}`, tensor(slot ? new Float32Array(b.length) : b.slice(), [1, units])],
      ]);
    }),
  );
  const data = batches.map(({ x, y }) => ({
    x: tensor(x, [batch, layers[0]]),
    y: lossKind === 'classes' ? tensor(oneHot(y, layers.at(-1)), [batch, layers.at(-1)]) : tensor(y, [batch, 1]),
  }));
  let [count, loss] = [0, 0];
  return {
    async step(i) {
      const feeds = { ...data[i % data.length], ...Object.fromEntries(state) };
      if (optimizer.kind === 'adam') {
        count++;
        feeds.first = tensor(Float32Array.of(1 - optimizer.beta1 ** count), []);
        feeds.second = tensor(Float32Array.of(1 - optimizer.beta2 ** count), []);
      }
      const results = await session.run(feeds);
      for (const key of state.keys()) state.set(key, results[`next:${key}`]);
      loss = results.loss.data[0];
    },
    loss: () => loss,
  };
}

function oneHot(labels, classes) {
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => (values[row * classes + label] = 1));
  return values;
}

/** The step as the bytes of a model. */
function stepOf({ layers, activation, lossKind, optimizer, batch }) {
  const g = graphOf();
  const units = layers.slice(1);
  const input = (name, shape) => g.input(name, shape);
  const [x, y] = [input('x', [batch, layers[0]]), input('y', [batch, layers.at(-1)])];
  const parameters = units.map((n, l) => ({ W: input(`W${l}`, [layers[l], n]), b: input(`b${l}`, [1, n]) }));
  const forwards = [];
  let a = x;
  parameters.forEach(({ W, b }, l) => {
    const z = g.op('Gemm', [a, W, b]);
    forwards.push({ a, z });
    a = l < parameters.length - 1 ? activations[activation].apply(g, z) : z;
  });
  const { loss, dz: last } = losses[lossKind](g, a, y, batch);
  g.output('loss', loss, []);
  let dz = last;
  const update = optimizers[optimizer.kind](g, optimizer);
  for (let l = parameters.length - 1; l >= 0; l--) {
    const { W, b } = parameters[l];
    const shape = [layers[l], layers[l + 1]];
    update(`W${l}`, W, g.op('Gemm', [forwards[l].a, dz], { transA: 1 }), shape);
    update(`b${l}`, b, g.op('ReduceSum', [dz, g.integers([0])], { keepdims: 1 }), [1, shape[1]]);
    if (l === 0) continue;
    const da = g.op('Gemm', [dz, W], { transB: 1 });
    dz = activations[activation].back(g, da, forwards[l - 1].z, forwards[l].a);
  }
  return g.bytes();
}

const root = Math.sqrt(2 / Math.PI);

/** What stands between layers, and from the gradient of its result that of z: by z and the result. */
const activations = {
  none: { apply: (g, z) => z },
  relu: {
    apply: (g, z) => g.op('Relu', [z]),
    back: (g, da, z) => g.op('Where', [g.op('Greater', [z, g.number(0)]), da, g.number(0)]),
  },
  sigmoid: {
    apply: (g, z) => g.op('Sigmoid', [z]),
    back: (g, da, z, a) => g.mul(da, g.mul(a, g.sub(g.number(1), a))),
  },
  gelu: {
    apply: (g, z) => g.op('Gelu', [z], { approximate: 'tanh' }),
    back(g, da, z) {
      const squared = g.mul(z, z);
      const t = g.op('Tanh', [g.mul(g.mul(z, g.number(root)), g.add(g.number(1), g.mul(squared, g.number(0.044715))))]);
      const bent = g.mul(
        g.sub(g.number(1), g.mul(t, t)),
        g.add(g.number(root), g.mul(squared, g.number(root * 0.134145))),
      );
      return g.mul(da, g.mul(g.number(0.5), g.add(g.add(g.number(1), t), g.mul(z, bent))));
    },
  },
};

const total = (g, value) => g.op('ReduceSum', [value], { keepdims: 0 });

/** Each gives the loss and its gradient by what the network gives. */
const losses = {
  squares(g, z, y, batch) {
    const a = g.op('Sigmoid', [z]);
    const error = g.sub(a, y);
    const dz = g.mul(g.mul(error, g.number(1 / batch)), g.mul(a, g.sub(g.number(1), a)));
    return { loss: g.mul(total(g, g.mul(error, error)), g.number(0.5 / batch)), dz };
  },
  sigmoid(g, z, y, batch) {
    const far = g.op('Softplus', [g.op('Neg', [g.op('Abs', [z])])]);
    const each = g.add(g.sub(g.op('Relu', [z]), g.mul(z, y)), far);
    const dz = g.mul(g.sub(g.op('Sigmoid', [z]), y), g.number(1 / batch));
    return { loss: g.mul(total(g, each), g.number(1 / batch)), dz };
  },
  classes(g, z, y, batch) {
    const logarithms = g.op('LogSoftmax', [z], { axis: 1 });
    const dz = g.mul(g.sub(g.op('Exp', [logarithms]), y), g.number(1 / batch));
    return { loss: g.mul(total(g, g.mul(logarithms, y)), g.number(-1 / batch)), dz };
  },
};

const optimizers = {
  sgd:
    (g, { rate }) =>
    (name, w, gradient, shape) =>
      g.output(`next:${name}`, g.sub(w, g.mul(gradient, g.number(rate))), shape),
  adam(g, { rate, beta1, beta2, epsilon }) {
    const [first, second] = [g.input('first', []), g.input('second', [])];
    const mixed = (before, value, share) => g.add(g.mul(before, g.number(share)), g.mul(value, g.number(1 - share)));
    return (name, w, gradient, shape) => {
      const m = mixed(g.input(`${name}.m`, shape), gradient, beta1);
      const v = mixed(g.input(`${name}.v`, shape), g.mul(gradient, gradient), beta2);
      const by = g.add(g.op('Sqrt', [g.op('Div', [v, second])]), g.number(epsilon));
      const move = g.op('Div', [g.mul(g.op('Div', [m, first]), g.number(rate)), by]);
      g.output(`next:${name}`, g.sub(w, move), shape);
      g.output(`next:${name}.m`, m, shape);
      g.output(`next:${name}.v`, v, shape);
    };
  },
};
