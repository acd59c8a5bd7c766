// The yardsticks: what one writes by hand without a compiler.

/** 2-3-1, sigmoid, half the squared error, one sample: every weight by name, Float32Array parameters. */
export function straightLine231(lr = 0.1) {
  const p = Float32Array.of(0.1, 0.3, 0.5, 0.2, 0.4, 0.6, 0.1, 0.2, 0.3, 0.7, 0.8, 0.9, 0.1);
  return (x, y) => {
    const x0 = x[0];
    const x1 = x[1];
    const h0 = 1 / (1 + Math.exp(-(x0 * p[0] + x1 * p[3] + p[6])));
    const h1 = 1 / (1 + Math.exp(-(x0 * p[1] + x1 * p[4] + p[7])));
    const h2 = 1 / (1 + Math.exp(-(x0 * p[2] + x1 * p[5] + p[8])));
    const o = 1 / (1 + Math.exp(-(h0 * p[9] + h1 * p[10] + h2 * p[11] + p[12])));
    const e = o - y[0];
    const d = e * o * (1 - o);
    const d0 = d * p[9] * h0 * (1 - h0);
    const d1 = d * p[10] * h1 * (1 - h1);
    const d2 = d * p[11] * h2 * (1 - h2);
    p[0] -= lr * d0 * x0;
    p[1] -= lr * d1 * x0;
    p[2] -= lr * d2 * x0;
    p[3] -= lr * d0 * x1;
    p[4] -= lr * d1 * x1;
    p[5] -= lr * d2 * x1;
    p[6] -= lr * d0;
    p[7] -= lr * d1;
    p[8] -= lr * d2;
    p[9] -= lr * d * h0;
    p[10] -= lr * d * h1;
    p[11] -= lr * d * h2;
    p[12] -= lr * d;
    return 0.5 * e * e;
  };
}

/** The same by loops over arrays. */
export function loops231(lr = 0.1) {
  const W2 = Float32Array.of(0.1, 0.3, 0.5, 0.2, 0.4, 0.6);
  const b2 = Float32Array.of(0.1, 0.2, 0.3);
  const W3 = Float32Array.of(0.7, 0.8, 0.9);
  const b3 = Float32Array.of(0.1);
  const h = new Float32Array(3);
  return (x, y) => {
    let z = b3[0];
    for (let j = 0; j < 3; j++) {
      let sum = b2[j];
      for (let i = 0; i < 2; i++) sum += x[i] * W2[i * 3 + j];
      h[j] = 1 / (1 + Math.exp(-sum));
      z += h[j] * W3[j];
    }
    const o = 1 / (1 + Math.exp(-z));
    const e = o - y[0];
    const d = e * o * (1 - o);
    for (let j = 0; j < 3; j++) {
      const dj = d * W3[j] * h[j] * (1 - h[j]);
      W3[j] -= lr * d * h[j];
      b2[j] -= lr * dj;
      for (let i = 0; i < 2; i++) W2[i * 3 + j] -= lr * dj * x[i];
    }
    b3[0] -= lr * d;
    return 0.5 * e * e;
  };
}

/**
 * A dense layer, relu, a dense layer, softmax with cross entropy, SGD, by plain loops.
 * `products` is how the three matrix products of a layer are written: see below.
 */
export function loopsDense(products, inputs, hidden, outputs, batch, lr = 0.05) {
  const uniform = (length, limit) => Float32Array.from({ length }, () => (2 * Math.random() - 1) * limit);
  const W1 = uniform(inputs * hidden, Math.sqrt(6 / (inputs + hidden)));
  const W2 = uniform(hidden * outputs, Math.sqrt(6 / (hidden + outputs)));
  const b1 = new Float32Array(hidden);
  const b2 = new Float32Array(outputs);
  const dW1 = new Float32Array(W1.length);
  const dW2 = new Float32Array(W2.length);
  const db1 = new Float32Array(hidden);
  const db2 = new Float32Array(outputs);
  const h = new Float32Array(batch * hidden);
  const dh = new Float32Array(batch * hidden);
  const z = new Float32Array(batch * outputs);
  const { forward, weights } = products;

  const biases = (d, db, n, m) => {
    db.fill(0);
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) db[j] += d[i * m + j];
  };
  const descend = (w, g) => {
    for (let i = 0; i < w.length; i++) w[i] -= lr * g[i];
  };

  return (x, label) => {
    forward(x, W1, b1, h, batch, inputs, hidden);
    for (let i = 0; i < h.length; i++) h[i] = Math.max(0, h[i]);
    forward(h, W2, b2, z, batch, hidden, outputs);
    let loss = 0;
    for (let i = 0; i < batch; i++) {
      const row = z.subarray(i * outputs, (i + 1) * outputs);
      const most = Math.max(...row);
      let sum = 0;
      for (let j = 0; j < outputs; j++) sum += Math.exp(row[j] - most);
      loss += most + Math.log(sum) - row[label[i]];
      for (let j = 0; j < outputs; j++) row[j] = (Math.exp(row[j] - most) / sum - (j === label[i] ? 1 : 0)) / batch;
    }
    weights(h, z, dW2, batch, hidden, outputs);
    biases(z, db2, batch, outputs);
    for (let i = 0; i < batch; i++)
      for (let p = 0; p < hidden; p++) {
        let sum = 0;
        for (let j = 0; j < outputs; j++) sum += z[i * outputs + j] * W2[p * outputs + j];
        dh[i * hidden + p] = h[i * hidden + p] > 0 ? sum : 0;
      }
    weights(x, dh, dW1, batch, inputs, hidden);
    biases(dh, db1, batch, hidden);
    descend(W1, dW1);
    descend(b1, db1);
    descend(W2, dW2);
    descend(b2, db2);
    return loss / batch;
  };
}

/** Walks along rows and adds to the result in place: the loops of most programs of this kind. */
export const inPlace = {
  forward(a, w, b, out, n, k, m) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) out[i * m + j] = b[j];
      for (let p = 0; p < k; p++) {
        const value = a[i * k + p];
        for (let j = 0; j < m; j++) out[i * m + j] += value * w[p * m + j];
      }
    }
  },
  weights(a, d, dw, n, k, m) {
    dw.fill(0);
    for (let i = 0; i < n; i++)
      for (let p = 0; p < k; p++) {
        const value = a[i * k + p];
        for (let j = 0; j < m; j++) dw[p * m + j] += value * d[i * m + j];
      }
  },
};

/** Follows the formula: each element of the result is summed up in a variable. */
export const summed = {
  forward(a, w, b, out, n, k, m) {
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) {
        let sum = b[j];
        for (let p = 0; p < k; p++) sum += a[i * k + p] * w[p * m + j];
        out[i * m + j] = sum;
      }
  },
  weights(a, d, dw, n, k, m) {
    for (let p = 0; p < k; p++)
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += a[i * k + p] * d[i * m + j];
        dw[p * m + j] = sum;
      }
  },
};
