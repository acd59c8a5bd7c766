// Hand-written loops over Float32Array: what one writes in an hour without a library.

export const name = 'loops by hand';

/** A transformer and convolutions are more than that hour's work. */
export function start(workload) {
  if (workload.transformer || workload.network) return undefined;
  return workload.recurrent ? startRecurrent(workload) : startDense(workload);
}

function startDense({ weights, activation, loss: lossKind, optimizer, batch, batches }) {
  const layers = weights.map(({ inputs, units, W, b }, i) => ({
    inputs,
    units,
    activation: i < weights.length - 1 ? activation : lossKind === 'squares' ? 'sigmoid' : 'none',
    W: W.slice(),
    b: b.slice(),
    dW: new Float32Array(W.length),
    db: new Float32Array(units),
    z: new Float32Array(batch * units),
    a: new Float32Array(batch * units),
    dz: new Float32Array(batch * units),
  }));
  const update = optimizers[optimizer.kind](
    layers.flatMap(({ W, b, dW, db }) => [
      { w: W, g: dW },
      { w: b, g: db },
    ]),
    optimizer,
  );
  let loss = 0;
  return {
    step(i) {
      const { x, y } = batches[i % batches.length];
      const inputOf = (layer) => (layer === 0 ? x : layers[layer - 1].a);
      for (let l = 0; l < layers.length; l++) forward(layers[l], inputOf(l), batch);
      loss = losses[lossKind](layers.at(-1), y, batch);
      for (let l = layers.length - 1; l >= 0; l--)
        backward(layers[l], inputOf(l), l > 0 ? layers[l - 1] : undefined, batch);
      update();
    },
    loss: () => loss,
  };
}

function forward({ inputs, units, activation, W, b, z, a }, x, batch) {
  for (let n = 0; n < batch; n++) {
    for (let j = 0; j < units; j++) z[n * units + j] = b[j];
    for (let i = 0; i < inputs; i++) {
      const value = x[n * inputs + i];
      for (let j = 0; j < units; j++) z[n * units + j] += value * W[i * units + j];
    }
  }
  const { apply } = activations[activation];
  for (let k = 0; k < a.length; k++) a[k] = apply(z[k]);
}

/** From dz the gradients of a layer, and dz of the layer before it. */
function backward({ inputs, units, W, dW, db, dz }, x, before, batch) {
  dW.fill(0);
  db.fill(0);
  for (let n = 0; n < batch; n++) {
    for (let j = 0; j < units; j++) db[j] += dz[n * units + j];
    for (let i = 0; i < inputs; i++) {
      const value = x[n * inputs + i];
      for (let j = 0; j < units; j++) dW[i * units + j] += value * dz[n * units + j];
    }
  }
  if (!before) return;
  const { slope } = activations[before.activation];
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < inputs; i++) {
      let sum = 0;
      for (let j = 0; j < units; j++) sum += dz[n * units + j] * W[i * units + j];
      const k = n * inputs + i;
      before.dz[k] = sum * slope(before.z[k], before.a[k]);
    }
}

const c = Math.sqrt(2 / Math.PI);

/** The function of z, and its slope from z and the function's value. */
const activations = {
  none: { apply: (z) => z, slope: () => 1 },
  relu: { apply: (z) => (z > 0 ? z : 0), slope: (z) => (z > 0 ? 1 : 0) },
  sigmoid: { apply: (z) => 1 / (1 + Math.exp(-z)), slope: (_, a) => a * (1 - a) },
  gelu: {
    apply: (z) => 0.5 * z * (1 + Math.tanh(c * (z + 0.044715 * z * z * z))),
    slope(z) {
      const t = Math.tanh(c * (z + 0.044715 * z * z * z));
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z);
    },
  },
};

/** Each gives the loss and writes its gradient to dz. */
const losses = {
  squares({ a, dz }, y, batch) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      const error = a[n] - y[n];
      sum += 0.5 * error * error;
      dz[n] = (error * a[n] * (1 - a[n])) / batch;
    }
    return sum / batch;
  },
  sigmoid({ z, dz }, y, batch) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      sum += Math.max(z[n], 0) - z[n] * y[n] + Math.log1p(Math.exp(-Math.abs(z[n])));
      dz[n] = (1 / (1 + Math.exp(-z[n])) - y[n]) / batch;
    }
    return sum / batch;
  },
  classes({ units, z, dz }, y, batch) {
    let total = 0;
    for (let n = 0; n < batch; n++) {
      const row = n * units;
      let most = -Infinity;
      for (let j = 0; j < units; j++) most = Math.max(most, z[row + j]);
      let sum = 0;
      for (let j = 0; j < units; j++) sum += dz[row + j] = Math.exp(z[row + j] - most);
      total += most + Math.log(sum) - z[row + y[n]];
      for (let j = 0; j < units; j++) dz[row + j] /= sum * batch;
      dz[row + y[n]] -= 1 / batch;
    }
    return total / batch;
  },
};

const optimizers = {
  sgd:
    (tensors, { rate }) =>
    () => {
      for (const { w, g } of tensors) for (let k = 0; k < w.length; k++) w[k] -= rate * g[k];
    },
  adam(tensors, { rate, beta1, beta2, epsilon }) {
    const slots = tensors.map(({ w, g }) => ({ w, g, m: new Float32Array(w.length), v: new Float32Array(w.length) }));
    let t = 0;
    return () => {
      t++;
      const [first, second] = [1 - beta1 ** t, 1 - beta2 ** t];
      for (const { w, g, m, v } of slots)
        for (let k = 0; k < w.length; k++) {
          m[k] = beta1 * m[k] + (1 - beta1) * g[k];
          v[k] = beta2 * v[k] + (1 - beta2) * g[k] * g[k];
          w[k] -= (rate * (m[k] / first)) / (Math.sqrt(v[k] / second) + epsilon);
        }
    };
  },
};

/** An LSTM over positions, gates in the order i, f, g, o, and a dense layer on its last h: softmax with cross entropy, plain descent. */
function startRecurrent({ recurrent: { positions, features, units }, weights, optimizer: { rate }, batch, batches }) {
  const [W, U, b, D, d] = [weights[0].W, weights[0].U, weights[0].b, weights[1].W, weights[1].b].map((t) => t.slice());
  const classes = d.length;
  const room = (rows, columns) => Array.from({ length: rows }, () => new Float32Array(batch * columns));
  const [gates, dGates] = [room(positions, 4 * units), new Float32Array(batch * 4 * units)];
  const [h, c] = [room(positions + 1, units), room(positions + 1, units)];
  const [dh, dc] = room(2, units);
  const gradients = [W, U, b, D, d].map((t) => new Float32Array(t.length));
  const [dW, dU, db, dD, dd] = gradients;
  let loss = 0;

  const forwards = (x) => {
    for (let t = 0; t < positions; t++)
      for (let n = 0; n < batch; n++) {
        const row = gates[t].subarray(4 * units * n, 4 * units * (n + 1));
        row.set(b);
        for (let k = 0; k < features; k++) {
          const value = x[features * (positions * n + t) + k];
          for (let j = 0; j < 4 * units; j++) row[j] += value * W[4 * units * k + j];
        }
        for (let k = 0; k < units; k++) {
          const value = h[t][units * n + k];
          for (let j = 0; j < 4 * units; j++) row[j] += value * U[4 * units * k + j];
        }
        for (let j = 0; j < units; j++) {
          const [i, f, o] = [row[j], row[units + j], row[3 * units + j]].map((z) => 1 / (1 + Math.exp(-z)));
          const g = Math.tanh(row[2 * units + j]);
          [row[j], row[units + j], row[2 * units + j], row[3 * units + j]] = [i, f, g, o];
          c[t + 1][units * n + j] = f * c[t][units * n + j] + i * g;
          h[t + 1][units * n + j] = o * Math.tanh(c[t + 1][units * n + j]);
        }
      }
  };

  /** The loss, and what it says of the last h. */
  const classify = (y) => {
    loss = 0;
    const last = h[positions];
    for (let n = 0; n < batch; n++) {
      const z = Float64Array.from(d);
      for (let k = 0; k < units; k++)
        for (let j = 0; j < classes; j++) z[j] += last[units * n + k] * D[classes * k + j];
      const largest = Math.max(...z);
      const total = z.reduce((sum, value) => sum + Math.exp(value - largest), 0);
      loss += (Math.log(total) + largest - z[y[n]]) / batch;
      for (let j = 0; j < classes; j++) {
        const dz = (Math.exp(z[j] - largest) / total - (j === y[n] ? 1 : 0)) / batch;
        dd[j] += dz;
        for (let k = 0; k < units; k++) {
          dD[classes * k + j] += last[units * n + k] * dz;
          dh[units * n + k] += D[classes * k + j] * dz;
        }
      }
    }
  };

  const backwards = (x) => {
    for (let t = positions - 1; t >= 0; t--) {
      for (let n = 0; n < batch; n++) {
        const [row, dRow] = [gates[t], dGates].map((all) => all.subarray(4 * units * n, 4 * units * (n + 1)));
        for (let j = 0; j < units; j++) {
          const at = units * n + j;
          const [i, f, g, o] = [row[j], row[units + j], row[2 * units + j], row[3 * units + j]];
          const bent = Math.tanh(c[t + 1][at]);
          const both = dc[at] + dh[at] * o * (1 - bent * bent);
          dRow[j] = both * g * i * (1 - i);
          dRow[units + j] = both * c[t][at] * f * (1 - f);
          dRow[2 * units + j] = both * i * (1 - g * g);
          dRow[3 * units + j] = dh[at] * bent * o * (1 - o);
          dc[at] = both * f;
        }
        for (let k = 0; k < units; k++) {
          let sum = 0;
          const value = h[t][units * n + k];
          for (let j = 0; j < 4 * units; j++) {
            sum += dRow[j] * U[4 * units * k + j];
            dU[4 * units * k + j] += value * dRow[j];
          }
          dh[units * n + k] = sum;
        }
        for (let k = 0; k < features; k++) {
          const value = x[features * (positions * n + t) + k];
          for (let j = 0; j < 4 * units; j++) dW[4 * units * k + j] += value * dRow[j];
        }
        for (let j = 0; j < 4 * units; j++) db[j] += dRow[j];
      }
    }
  };

  return {
    step(i) {
      const { x, y } = batches[i % batches.length];
      for (const gradient of [...gradients, dh, dc]) gradient.fill(0);
      forwards(x);
      classify(y);
      backwards(x);
      [W, U, b, D, d].forEach((t, at) => t.forEach((_, j) => (t[j] -= rate * gradients[at][j])));
    },
    loss: () => loss,
  };
}
