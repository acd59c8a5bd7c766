// Scans of every kind, as the language writes them.

/** Each gives y, of x: [2, 3, 2], z: [2, 2], w: [2, 2], s: f32, p: [3, 2]. */
export const scans: Readonly<Record<string, string>> = {
  'the last value': 'scan xt in x along 1, h = z { h := tanh(xt @ w + h) }\n  y = h',
  'a sum of slices': 'scan xt in x along 1, h = 0 { h := h + s * xt^2 }\n  y = h',
  'a stack': 'y = scan xt in x along 1, h = z { h := tanh(xt @ w + h) emit h }',
  'a stack before': 'y = scan xt in x along 1, h = z { emit h * xt\n h := tanh(xt @ w + h) }',
  'what does not depend on what is carried': 'y = scan xt in x along 1 { emit exp(xt * s) }',
  'several carried values':
    'y = scan xt in x along 1, h = z, c = 0 {\n f = sigmoid(xt @ w + h)\n c := f * c + (1 - f) * tanh(xt)\n h := f * tanh(c)\n emit h\n}',
  'several emitted':
    'a, b = scan xt in x along 1, h = z { h := sin(xt + h @ w) emit h^2, cos(h) * xt }\n  y = a + 2 * b * b',
  'stack and last value': 'a = scan xt in x along 1, h = z { h := tanh(h @ w) * xt emit h }\n  y = a * h[:, none, :]',
  'values before and after':
    'a, b = scan xt in x along 1, h = z { emit h, xt\n h := tanh(h @ w) + xt }\n  y = a * b + sum(h)',
  backwards: 'y = scan xt in x along 1 backwards, h = z { h := tanh(xt @ w + h * s) emit h }',
  'several sequences': 'y = scan xt in x, pt in p[none, :, :] along 1, h = z { h := h * pt + xt * sum(pt) emit h }',
  'along the first axis': 'y = scan xb in x along 0, h = z[0] { h := tanh(h + mean(xb @ w, axis = 0)) emit h * xb }',
  'a mask': 'y = scan xt in x along 1, h = z { h := if xt > 0.2 then tanh(xt @ w + h) else h\n emit h }',
  'a maximum': 'y = scan xt in x along 1, h = z { h := max(h * s, xt) emit max(h, axis = 1) }',
  'a softmax in each round': 'y = scan xt in x along 1, h = z { h := softmax(xt @ w + h) emit h }',
  'quotients and roots': 'y = scan xt in x along 1, h = z { h := sqrt(1 + h^2) / (2 + xt^2) emit log(1 + h^2) }',
  'what is captured, again and again':
    'y = scan xt in x along 1, h = z { h := tanh((h * z + s) @ w @ w) + p[0] * xt - p[1] / (2 + s^2) emit h @ w }',
  'a captured matrix that is not multiplied': 'y = scan i in range(3), h = w { h := sin(h + w * s) * w emit h }',
  'a row that the round chooses': 'y = scan i in range(3), h = z[0] { h := tanh(p[i] * h + w[0]) emit h }',
  'exchanged values': 'y = scan xt in x along 1, a = z, b = 2 * z { c = a\n a := b * xt\n b := c + s emit a * b }',
  'a value handed on late':
    'y = scan xt in x along 1, a = z, b = z, c = z { c := b\n b := a\n a := tanh(xt + c) emit c }',
  'a loop in a loop':
    'y = scan xb in x along 0, h = z[0] {\n scan xt in xb along 0, k = h { k := tanh(xt @ w + k * s) }\n h := k\n emit h\n}',
  'a stack in a stack':
    'y = scan xb in x along 0, h = z[0] {\n q = scan xt in xb along 0 backwards, k = h * s { k := sin(xt @ w + k) emit k * xt }\n h := h + mean(q, axis = 0) @ w\n emit q * h\n}',
  'an outer value that the inner loop replaces':
    'y = scan xb in x along 0, h = z[0] { scan xt in xb along 0 { h := tanh(h * s + xt @ w) }\n emit h }',
  'one after the other':
    'a = scan xt in x along 1, h = z { h := tanh(xt @ w + h) emit h }\n  y = scan at in a along 1 backwards, k = h { k := sin(at @ w + k) emit k }',
  'a gradient inside': 'y = scan xt in x along 1, h = z { h := h - 0.1 * grad(sum(cos(h @ w)^2 * xt), h) emit h }',
  'what no gradient reaches': 'y = scan xt in x along 1, h = z { h := round(3 * h) / 3 + xt emit h * s }',
};
