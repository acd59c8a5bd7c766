// Formulas element by element: where values repeat along axes that a reader cannot see, letters say which is which.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { derivationOf } from '../../src/inspect/derivation/derivation.js';
import type { Derivation } from '../../src/inspect/derivation/data.js';
import { printLatex } from '../../src/inspect/print/latex.js';
import { printText } from '../../src/inspect/print/text.js';

function derived(text: string): Derivation {
  const { model, diagnostics } = check({ file: 'm.nn', text: `model m {\n${text}\n}\n` });
  if (!model) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return derivationOf(model);
}

const convolution = `input image: [batch, 3, 8, 8]
input t: [batch, 4, 6, 6]
h = image |> conv2d(4, 3)
loss = mse(h, t)`;

describe('values that repeat', () => {
  it('along axes behind their own have letters: a bias of channels', () => {
    const text = printText(derived(convolution));
    expect(text).toContain('h[b, o, y, x] ');
    expect(text).toMatch(/= h_conv2d_product\[b, o, y, x\] \+ h\.conv2d\.b\[o\]/);
    expect(printLatex(derived(convolution))).toContain('{h}_{b , o , y , x} &= ');
  });

  it('along the first axes have none: a bias of a layer', () => {
    const text = printText(derived('input x: [batch, 4]\ninput t: [batch, 2]\nh = x |> dense(2)\nloss = mse(h, t)'));
    expect(text).toMatch(/^h += x h\.dense\.W \+ h\.dense\.b/mu);
  });

  it('along the axes that they are means over have none, which say so', () => {
    const text = printText(derived('input x: [batch, 4]\nh = x |> layer_norm\nloss = mean(h^3)'));
    expect(text).toContain('h_layer_norm_centred = x - mean(x, axis = 1)');
  });

  it('have letters among rows taken by indices', () => {
    const text = printText(
      derived(`input who: index(5)[batch]
input t: [batch]
param taste: [5, 3] ~ normal(std = 0.1)
s = taste[who] * t[:, none]
loss = mean(s^2)`),
    );
    expect(text).toContain('s[b, i] = taste[who[b], i] · t[b]');
  });

  it('have letters within sums and choices', () => {
    const text = printText(
      derived(`input x: [batch, 4]
input keep: bool[batch]
param v: [4] ~ normal(std = 0.1)
s = if keep[:, none] then x * v else 0
loss = mean(s^2)`),
    );
    expect(text).toContain('s[b, i] = 1[keep[b]] · x[b, i] · v[i]');
  });

  it('take their letters beside the position of a loop', () => {
    const text = printText(
      derived(`input x: [batch, T, 3]
input y: [batch, T]
param U: [3, 3] ~ orthogonal()
path = scan xt in x along T, h = zeros([batch, 3]) {
  h := tanh(xt + h @ U)
  emit sum(h, axis = 1)
}
loss = mean((path - y)^2)`),
    );
    expect(text).toContain('∂loss/∂h[t, b, i] = part_h[t, b, i] + ∂loss/∂path[b, t]');
  });

  it('have no letters in the language, on neither side', () => {
    const text = printText(derived(convolution), { style: 'nn' });
    expect(text).toMatch(/^h_conv2d_product += einsum\(/mu);
    expect(text).toMatch(/^h += h_conv2d_product \+ h\.conv2d\.b/mu);
    expect(text).not.toMatch(/^[\w.]+\[b, /mu);
  });
});

describe('sums over axes', () => {
  it('without names have letters, beside those by which the value is defined', () => {
    const text = printText(
      derived(`input x: [batch, T, 2, 3]
input y: [batch, 2, T, T]
param g: [3] = 1
scores = einsum("bthe,bshe->bhts", x * g, x)
w = softmax(if lower_triangle(T) then scores else -inf)
loss = mse(w, y)`),
    );
    expect(text).toMatch(/∂loss\/∂scores\[b, h, t, s\] =/u);
    expect(text).toContain('1[s ≤ t] · ');
    expect(text).toMatch(/Σ_i .*w\[b, h, t, i\]/u);
    expect(text).not.toContain('sum(');
  });

  it('with names stand before products in parentheses: nothing says how far Σ reaches', () => {
    const found = derived('input x: [batch, 4]\nparam s: [4] = 1\nz = x * s\nh = tanh(z)\nloss = mean(h * h * h)');
    expect(printText(found)).toContain('= 3 · Σ_batch (h² ⊙ (1 - h²) ⊙ x) / (4 · batch)');
    expect(printText(found)).not.toContain('sum(');
    expect(printLatex(found)).toContain('\\sum_{\\mathrm{batch}} \\left(');
  });

  it('of many axes say which: as code nowhere', () => {
    const text = printText(
      derived(`input x: [batch, 3, 6, 6]
input y: [batch, 3, 3, 3]
p = x |> conv2d(3, 1) |> max_pool2d(2)
loss = mse(p, y)`),
    );
    expect(text).toContain('Σ_{axes 4,5} 1[');
    expect(text).not.toContain('sum(');
  });
});

describe('numbers of derivatives', () => {
  it('are reduced: 2 · x / (8 · batch) is x / (4 · batch)', () => {
    const text = printText(derived('input x: [batch, 3]\ninput y: [batch, 8]\nh = x |> dense(8)\nloss = mse(h, y)'));
    expect(text).toMatch(/^∂loss\/∂h += \(h - y\) \/ \(4 · batch\)/mu);
  });

  it('are as their author wrote them in what the model computes', () => {
    const text = printText(derived('input x: [batch, 3]\nh = 2 * x / 8\nloss = mean((h |> dense(1))^2)'));
    expect(text).toMatch(/^h += 2 · x \/ 8/mu);
  });
});

describe('letters of axes', () => {
  it('are no names of the model: of an image x the positions are v and u', () => {
    const text = printText(
      derived('input x: [batch, 3, 8, 8]\ninput y: [batch, 4, 6, 6]\nh = x |> conv2d(4, 3)\nloss = mse(h, y)'),
    );
    expect(text).toContain('Σ_{c,i,j} x[b, c, v + i, u + j] · h.conv2d.W[o, c, i, j]');
    expect(text).toContain('h[b, o, v, u] ');
    expect(text).toContain('Σ_{b,v,u} ∂loss/∂h[b, o, v, u]');
    expect(text).not.toMatch(/[[{ ,][xy][\],} ]/u);
  });

  it('are others than the name of the line, which stays', () => {
    const body =
      'input x: [batch, 4]\nu = x |> dense(3)\nb = u / sqrt(sum(u^2, axis = 1, keep = true))\nloss = mean(b^4)';
    expect(printText(derived(body))).toMatch(/^b\[n, i\] += u\[n, i\] \/ /m);
  });

  it('keep those of rows: what is added up says so of the same letter', () => {
    const text = printText(
      derived('input word: index(9)[batch]\nr = word |> embedding(4)\nloss = mean((r |> dense(1))^2)'),
    );
    expect(text).toMatch(/∂loss\/∂r\.embedding\.W\[n\] += Σ_\{b : word\[b\] = n\} ∂loss\/∂r\[b\]/u);
  });
});

describe('copies of a layer', () => {
  it('have their number before the letters of axes, in one pair of brackets', () => {
    const text = printText(
      derived(`input image: [batch, 2, 6, 6]
input t: [batch, 2, 6, 6]
h = image |> repeat(3, conv2d(2, 3, padding = "same") >> tanh)
loss = mse(h, t)`),
    );
    expect(text).toMatch(/∂loss\/∂tanh\[\w - 1, b, c, y, x\] =/u);
    expect(text).not.toContain('][');
  });
});

describe('types of what a layer computes', () => {
  it('have no axes of size 1 that only the layer has', () => {
    const text = printText(derived('input x: [batch, 3]\nh = x |> dense(4) |> batch_norm |> tanh\nloss = mean(h^3)'));
    expect(text).toMatch(/h_batch_norm_centred += .*\/\/ \[batch, 4\] /u);
    expect(text).not.toContain(', 1]');
  });

  it('have those that the model has', () => {
    const text = printText(derived('input x: [batch]\nh = x[:, none] |> dense(1) |> tanh\nloss = mean(h^3)'));
    expect(text).toMatch(/\n +h += tanh.*\/\/ \[batch, 1\] |\nh += tanh.*\/\/ \[batch, 1\] /u);
  });
});
