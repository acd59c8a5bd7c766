// Hand-made nests: every shape of loop that plan and lower must know.
import { add, atom, axis, div, mul, size, sub, toIndex, type Axis, type Index } from '../../src/ir/index.js';
import type { AnyNest, Nest, Provenance, Store } from '../../src/ir/program.js';
import { apply, fold, indexValue, load, number, type Buffer, type Scalar } from '../../src/ir/scalar.js';

const provenance: Provenance = { formulas: [], sources: [], phase: 'forward', results: [] };

export const batch = size('batch');

export interface Example {
  readonly nest: AnyNest;
  readonly buffers: readonly Buffer[];
}

export function buffer(name: string, length: Index | number, options: Partial<Buffer> = {}): Buffer {
  return { name, space: 'arena', dtype: 'f32', length: toIndex(length), ...options };
}

export function nest(name: string, axes: readonly Axis[], stores: readonly Store[]): Nest {
  return { kind: 'nest', name, axes, stores, provenance };
}

/** Row-major. */
function at(dims: readonly (Index | number)[], coordinates: readonly (Index | Axis | number)[]): Index {
  return coordinates.reduce<Index>((all, c, i) => add(mul(all, dims[i]), toIndex(c)), toIndex(0));
}

type Extent = Index | number;

export type Form = 'A·B' | 'Aᵀ·B' | 'A·Bᵀ';

/** out[m, n] = Σ k A[m, k] · B[k, n], with either operand stored transposed. */
export function contraction(form: Form, m: Extent, n: Extent, k: Extent): Example {
  const [i, j, p] = [axis('i', m), axis('j', n), axis('k', k)];
  const [a, b] = [buffer('a', mul(toIndex(m), toIndex(k))), buffer('b', mul(toIndex(k), toIndex(n)))];
  const out = buffer('out', mul(toIndex(m), toIndex(n)));
  const left = load(a, form === 'Aᵀ·B' ? at([k, m], [p, i]) : at([m, k], [i, p]));
  const right = load(b, form === 'A·Bᵀ' ? at([n, k], [j, p]) : at([k, n], [p, j]));
  const value = fold('add', [p], apply('mul', left, right));
  return { nest: nest('out', [i, j], [{ to: out, at: at([m, n], [i, j]), value }]), buffers: [a, b, out] };
}

/** out[m, n] = Σ k A[m, K - 1 - k] · B[k, n]: one side is read backwards. */
export function backwards(m: Extent, n: Extent, k: number): Example {
  const [i, j, p] = [axis('i', m), axis('j', n), axis('k', k)];
  const [a, b] = [buffer('a', mul(toIndex(m), k)), buffer('b', mul(k, toIndex(n)))];
  const out = buffer('out', mul(toIndex(m), toIndex(n)));
  const left = load(a, at([m, k], [i, sub(k - 1, toIndex(p))]));
  const value = fold('add', [p], apply('mul', left, load(b, at([k, n], [p, j]))));
  return { nest: nest('out', [i, j], [{ to: out, at: at([m, n], [i, j]), value }]), buffers: [a, b, out] };
}

/** The example with its values run through a function, in the place of them or beside them. */
export function through({ nest, buffers }: Example, change: (value: Scalar) => Scalar, beside = false): Example {
  if (nest.kind !== 'nest') throw new Error('a nest is expected');
  const [store] = nest.stores;
  const value = change(store.value);
  if (!beside) return { nest: { ...nest, stores: [{ ...store, value }] }, buffers };
  const extra = { ...store.to, name: 'changed' };
  return { nest: { ...nest, stores: [store, { ...store, to: extra, value }] }, buffers: [...buffers, extra] };
}

/** relu(x·w + bias), as a layer makes it. */
export function dense(rows: Extent, inputs: Extent, outputs: Extent): Example {
  const [b, o, i] = [axis('b', rows), axis('o', outputs), axis('i', inputs)];
  const x = buffer('x', mul(toIndex(rows), toIndex(inputs)));
  const w = buffer('hidden.W', mul(toIndex(inputs), toIndex(outputs)));
  const bias = buffer('hidden.b', outputs);
  const out = buffer('hidden', mul(toIndex(rows), toIndex(outputs)));
  const sum = fold(
    'add',
    [i],
    apply('mul', load(x, at([rows, inputs], [b, i])), load(w, at([inputs, outputs], [i, o]))),
  );
  const value = apply('max', apply('add', sum, load(bias, toIndex(o))), number(0));
  return {
    nest: nest('hidden', [b, o], [{ to: out, at: at([rows, outputs], [b, o]), value }]),
    buffers: [x, w, bias, out],
  };
}

/** out[n, h, i, j] = Σ k A[n, i, h, k] · B[n, j, h, k]: scores of attention, heads between positions and features. */
/** out[n, x, j] = Σ k d[n, k, x] · W[k, j], of few columns j: rows x are neighbours. */
export function shortColumns(n: Extent, rows: number, depth: number, columns: number): Example {
  const [b, x, j, k] = [axis('n', n), axis('x', rows), axis('j', columns), axis('k', depth)];
  const d = buffer('d', mul(toIndex(n), depth * rows));
  const [w, out] = [buffer('W', depth * columns), buffer('out', mul(toIndex(n), rows * columns))];
  const at = (lead: Axis, inner: number, middle: Axis, last: number, end: Axis) =>
    add(mul(toIndex(lead), inner), mul(toIndex(middle), last), toIndex(end));
  const product = apply(
    'mul',
    load(d, at(b, depth * rows, k, rows, x)),
    load(w, add(mul(toIndex(k), columns), toIndex(j))),
  );
  const store = { to: out, at: at(b, rows * columns, x, columns, j), value: fold('add', [k], product) };
  return { nest: nest('out', [b, x, j], [store]), buffers: [d, w, out] };
}

export function batched(n: Extent, heads: number, positions: number, features: number): Example {
  const [s, h, i, j, k] = [
    axis('n', n),
    axis('h', heads),
    axis('i', positions),
    axis('j', positions),
    axis('k', features),
  ];
  const dims = [n, positions, heads, features];
  const length = mul(toIndex(n), toIndex(positions * heads * features));
  const [q, key] = [buffer('q', length), buffer('key', length)];
  const out = buffer('scores', mul(toIndex(n), toIndex(heads * positions * positions)));
  const value = fold('add', [k], apply('mul', load(q, at(dims, [s, i, h, k])), load(key, at(dims, [s, j, h, k]))));
  return {
    nest: nest('scores', [s, h, i, j], [{ to: out, at: at([n, heads, positions, positions], [s, h, i, j]), value }]),
    buffers: [q, key, out],
  };
}

/** The heads put together again: an axis under quotients, as a fused reshape leaves it. */
export function headMerge(n: Extent, heads: number, positions: number, features: number, outputs: number): Example {
  const [s, t, o, c] = [axis('n', n), axis('t', positions), axis('o', outputs), axis('c', heads * features)];
  const head = div(toIndex(c), toIndex(features));
  const feature = sub(toIndex(c), mul(head, features));
  const x = buffer('x', mul(toIndex(n), toIndex(heads * positions * features)));
  const w = buffer('w', heads * features * outputs);
  const out = buffer('out', mul(toIndex(n), toIndex(positions * outputs)));
  const value = fold(
    'add',
    [c],
    apply(
      'mul',
      load(x, at([n, heads, positions, features], [s, head, t, feature])),
      load(w, at([heads * features, outputs], [c, o])),
    ),
  );
  return {
    nest: nest('out', [s, t, o], [{ to: out, at: at([n, positions, outputs], [s, t, o]), value }]),
    buffers: [x, w, out],
  };
}

/** A convolution over a padded image, as a contraction over windows. */
export function convolution(n: Extent, channels: number, outputs: number, side: number, kernel: number): Example {
  const whole = side + kernel - 1;
  const [s, o, y, x] = [axis('n', n), axis('o', outputs), axis('y', side), axis('x', side)];
  const [c, i, j] = [axis('c', channels), axis('i', kernel), axis('j', kernel)];
  const image = buffer('image', mul(toIndex(n), toIndex(channels * whole * whole)));
  const filter = buffer('filter', outputs * channels * kernel * kernel);
  const bias = buffer('bias', outputs);
  const out = buffer('out', mul(toIndex(n), toIndex(outputs * side * side)));
  const value = fold(
    'add',
    [c, i, j],
    apply(
      'mul',
      load(image, at([n, channels, whole, whole], [s, c, add(toIndex(y), toIndex(i)), add(toIndex(x), toIndex(j))])),
      load(filter, at([outputs, channels, kernel, kernel], [o, c, i, j])),
    ),
  );
  return {
    nest: nest(
      'out',
      [s, o, y, x],
      [{ to: out, at: at([n, outputs, side, side], [s, o, y, x]), value: apply('add', value, load(bias, toIndex(o))) }],
    ),
    buffers: [image, filter, bias, out],
  };
}

/** The same with the padding as a guard inside the fold. */
export function guardedConvolution(n: Extent, side: number, kernel: number): Example {
  const [s, y, x] = [axis('n', n), axis('y', side), axis('x', side)];
  const [i, j] = [axis('i', kernel), axis('j', kernel)];
  const low = (kernel - 1) / 2;
  const image = buffer('image', mul(toIndex(n), toIndex(side * side)));
  const filter = buffer('filter', kernel * kernel);
  const out = buffer('out', mul(toIndex(n), toIndex(side * side)));
  const [row, column] = [sub(add(toIndex(y), toIndex(i)), low), sub(add(toIndex(x), toIndex(j)), low)];
  const within = (p: Index): Scalar =>
    apply('and', apply('le', number(0, 'i32'), indexValue(p)), apply('lt', indexValue(p), number(side, 'i32')));
  const pixel = apply(
    'select',
    apply('and', within(row), within(column)),
    load(image, at([n, side, side], [s, row, column])),
    number(0),
  );
  const value = fold('add', [i, j], apply('mul', pixel, load(filter, at([kernel, kernel], [i, j]))));
  return {
    nest: nest('out', [s, y, x], [{ to: out, at: at([n, side, side], [s, y, x]), value }]),
    buffers: [image, filter, out],
  };
}

export function rowSums(m: Extent, n: Extent): Example {
  const [i, j] = [axis('i', m), axis('j', n)];
  const [x, out] = [buffer('x', mul(toIndex(m), toIndex(n))), buffer('out', m)];
  const value = apply('div', fold('add', [j], load(x, at([m, n], [i, j]))), apply('f32', indexValue(toIndex(n))));
  return { nest: nest('out', [i], [{ to: out, at: toIndex(i), value }]), buffers: [x, out] };
}

export function columnSums(m: Extent, n: Extent): Example {
  const [i, j] = [axis('i', m), axis('j', n)];
  const [x, out] = [buffer('x', mul(toIndex(m), toIndex(n))), buffer('out', n)];
  const value = fold('add', [i], load(x, at([m, n], [i, j])));
  return { nest: nest('out', [j], [{ to: out, at: toIndex(j), value }]), buffers: [x, out] };
}

/** The mean of squared differences: everything folds. */
export function meanSquare(m: Extent, n: Extent): Example {
  const [i, j] = [axis('i', m), axis('j', n)];
  const length = mul(toIndex(m), toIndex(n));
  const [p, t, out] = [buffer('p', length), buffer('t', length), buffer('loss', 1)];
  const where = at([m, n], [i, j]);
  const difference = apply('sub', load(p, where), load(t, where));
  const sum = fold('add', [i, j], apply('mul', difference, difference));
  const value = apply('div', sum, apply('f32', indexValue(length)));
  return { nest: nest('loss', [], [{ to: out, at: toIndex(0), value }]), buffers: [p, t, out] };
}

/** max over a row, and its row maximum's neighbour: a fold of max and one of min in one nest. */
export function rowRange(m: Extent, n: Extent): Example {
  const [i, j, k] = [axis('i', m), axis('j', n), axis('k', n)];
  const [x, low, high] = [buffer('x', mul(toIndex(m), toIndex(n))), buffer('low', m), buffer('range', m)];
  const least = fold('min', [j], load(x, at([m, n], [i, j])));
  const largest = fold('max', [k], load(x, at([m, n], [i, k])));
  return {
    nest: nest(
      'range',
      [i],
      [
        { to: low, at: toIndex(i), value: least },
        { to: high, at: toIndex(i), value: apply('sub', largest, least) },
      ],
    ),
    buffers: [x, low, high],
  };
}

/** Elementwise with a broadcast row and a select. */
export function chain(m: Extent, n: Extent): Example {
  const [i, j] = [axis('i', m), axis('j', n)];
  const length = mul(toIndex(m), toIndex(n));
  const [x, y, row, out, mask] = [
    buffer('x', length),
    buffer('y', length),
    buffer('row', n),
    buffer('out', length),
    buffer('mask', length),
  ];
  const where = at([m, n], [i, j]);
  const sum = apply('add', apply('mul', load(x, where), load(row, toIndex(j))), load(y, where));
  const value = apply('select', apply('lt', number(0), sum), sum, apply('mul', sum, number(0.1)));
  return {
    nest: nest(
      'out',
      [i, j],
      [
        { to: out, at: where, value },
        { to: mask, at: where, value: apply('div', sum, apply('f32', indexValue(toIndex(m)))) },
      ],
    ),
    buffers: [x, y, row, out, mask],
  };
}

/** Momentum in place: two buffers that read themselves. */
export function update(m: Extent, n: Extent): Example {
  const [i, j] = [axis('i', m), axis('j', n)];
  const length = mul(toIndex(m), toIndex(n));
  const [w, v, d] = [
    buffer('w', length, { space: 'parameter' }),
    buffer('w.velocity', length, { space: 'slot' }),
    buffer('d_w', length),
  ];
  const where = at([m, n], [i, j]);
  const velocity = apply('add', apply('mul', number(0.9), load(v, where)), load(d, where));
  return {
    nest: nest(
      'update_w',
      [i, j],
      [
        { to: v, at: where, value: velocity },
        { to: w, at: where, value: apply('sub', load(w, where), apply('mul', number(0.1), velocity)) },
      ],
    ),
    buffers: [w, v, d],
  };
}

/** w -= 0.1 · Aᵀ·B: a contraction that updates in place. */
export function updateByContraction(rows: Extent, m: Extent, n: Extent): Example {
  const made = contraction('Aᵀ·B', m, n, rows);
  if (made.nest.kind !== 'nest') throw new Error('a nest');
  const w = buffer('w', mul(toIndex(m), toIndex(n)), { space: 'parameter' });
  const [store] = made.nest.stores;
  const value = apply('sub', load(w, store.at), apply('mul', number(0.1), store.value));
  return {
    nest: { ...made.nest, stores: [{ to: w, at: store.at, value }] },
    buffers: [...made.buffers.slice(0, 2), w],
  };
}

/** Rows of a table by number. */
export function gather(n: Extent, entries: number, width: number): Example {
  const [i, j] = [axis('i', n), axis('j', width)];
  const table = buffer('table', entries * width);
  const ids = buffer('ids', n, { dtype: 'i32', below: entries });
  const out = buffer('out', mul(toIndex(n), toIndex(width)));
  const id = atom({ kind: 'element', of: load(ids, toIndex(i)) });
  const value = apply('mul', load(table, add(mul(id, width), toIndex(j))), number(2));
  return { nest: nest('out', [i, j], [{ to: out, at: at([n, width], [i, j]), value }]), buffers: [table, ids, out] };
}

/** out[i, j] = Σ k table[ids[i], k] · w[k, j]: the rows of a product are chosen. */
export function chosenRows(n: Extent, entries: number, width: number, columns: number): Example {
  const [i, j, k] = [axis('i', n), axis('j', columns), axis('k', width)];
  const [table, w] = [buffer('table', entries * width), buffer('w', width * columns)];
  const ids = buffer('ids', n, { dtype: 'i32', below: entries });
  const out = buffer('out', mul(toIndex(n), columns));
  const id = atom({ kind: 'element', of: load(ids, toIndex(i)) });
  const factors = [load(table, add(mul(id, width), toIndex(k))), load(w, at([width, columns], [k, j]))] as const;
  const value = fold('add', [k], apply('mul', ...factors));
  return {
    nest: nest('out', [i, j], [{ to: out, at: at([n, columns], [i, j]), value }]),
    buffers: [table, w, ids, out],
  };
}

/** out[i] = Σ j x[i], j being nowhere in what is added. */
export function repeatedSums(rows: Extent, times: Extent): Example {
  const [i, j] = [axis('i', rows), axis('j', times)];
  const [x, out] = [buffer('x', rows), buffer('out', rows)];
  return {
    nest: nest('out', [i], [{ to: out, at: toIndex(i), value: fold('add', [j], load(x, toIndex(i))) }]),
    buffers: [x, out],
  };
}

/** The gradient of a table of which each of n rows chooses one: Σ (if ids[p] == i then d[p, j] else 0). */
export function tableGradient(n: Extent, entries: number, width: number): Example {
  const [i, j, p] = [axis('i', entries), axis('j', width), axis('p', n)];
  const ids = buffer('ids', n, { dtype: 'i32', below: entries });
  const d = buffer('d', mul(toIndex(n), toIndex(width)));
  const out = buffer('out', entries * width);
  const chosen = apply('eq', load(ids, toIndex(p)), indexValue(i));
  const value = fold('add', [p], apply('select', chosen, load(d, at([n, width], [p, j])), number(0)));
  return { nest: nest('out', [i, j], [{ to: out, at: at([entries, width], [i, j]), value }]), buffers: [ids, d, out] };
}

/** softmax of rows in one nest: folds in folds. */
export function softmax(m: Extent, n: Extent): Example {
  const [i, j, k, l] = [axis('i', m), axis('j', n), axis('k', n), axis('l', n)];
  const length = mul(toIndex(m), toIndex(n));
  const [x, out] = [buffer('x', length), buffer('out', length)];
  const largest = fold('max', [k], load(x, at([m, n], [i, k])));
  const exp = (column: Axis): Scalar => apply('exp', apply('sub', load(x, at([m, n], [i, column])), largest));
  const value = apply('div', exp(j), fold('add', [l], exp(l)));
  return { nest: nest('out', [i, j], [{ to: out, at: at([m, n], [i, j]), value }]), buffers: [x, out] };
}

/** Softmax cross entropy with its gradient, as joined rows. */
export function crossEntropyRows(m: Extent, n: number): Example {
  const row = axis('b', m);
  const logits = buffer('logits', mul(toIndex(m), toIndex(n)));
  const label = buffer('label', m, { dtype: 'i32', below: n });
  const gradient = buffer('d_logits', mul(toIndex(m), toIndex(n)));
  const losses = buffer('losses', m);
  const [largest, exps, sum] = [buffer('largest', 1), buffer('exp', n), buffer('sum', 1)];
  const axes = ['j', 'k', 'l', 'o'].map((name) => axis(name, n));
  const [j, k, l, o] = axes;
  const logit = (c: Index | Axis): Scalar => load(logits, at([m, n], [row, c]));
  const target = atom({ kind: 'element', of: load(label, toIndex(row)) });
  const parts = [
    nest('largest', [], [{ to: largest, at: toIndex(0), value: fold('max', [j], logit(j)) }]),
    nest(
      'exp',
      [k],
      [{ to: exps, at: toIndex(k), value: apply('exp', apply('sub', logit(k), load(largest, toIndex(0)))) }],
    ),
    nest('sum', [], [{ to: sum, at: toIndex(0), value: fold('add', [l], load(exps, toIndex(l))) }]),
    nest(
      'losses',
      [],
      [
        {
          to: losses,
          at: toIndex(row),
          value: apply(
            'sub',
            apply('add', apply('log', load(sum, toIndex(0))), load(largest, toIndex(0))),
            logit(target),
          ),
        },
      ],
    ),
    nest(
      'd_logits',
      [o],
      [
        {
          to: gradient,
          at: at([m, n], [row, o]),
          value: apply(
            'div',
            apply(
              'sub',
              apply('div', load(exps, toIndex(o)), load(sum, toIndex(0))),
              apply('select', apply('eq', indexValue(toIndex(o)), load(label, toIndex(row))), number(1), number(0)),
            ),
            apply('f32', indexValue(toIndex(m))),
          ),
        },
      ],
    ),
  ];
  return {
    nest: { kind: 'rows', name: 'd_logits', row, parts, rowLocal: [largest, exps, sum], provenance },
    buffers: [logits, label, gradient, losses, largest, exps, sum],
  };
}

/** A small dense layer y = x · W whose gradient, update and loss are added up while the rows pass. */
export function rowsWithTotals(m: Extent): Example {
  const row = axis('b', m);
  const [n, k] = [3, 2];
  const [x, w, v] = [buffer('x', mul(toIndex(m), k)), buffer('W', k * n), buffer('v', k * n)];
  const [y, loss, last] = [buffer('y', n), buffer('loss', 1), buffer('largest', n)];
  const j = axis('j', n);
  const [c, d, e] = ['i', 'j', 'j'].map((name, at_) => axis(name, at_ === 0 ? k : n));
  const input = (i: Index | Axis | number): Scalar => load(x, at([m, k], [row, i]));
  const weight = (i: Index | Axis | number, o: Index | Axis): Scalar => load(w, at([k, n], [i, o]));
  const product = (i: number): Scalar => apply('mul', input(i), weight(i, j));
  const parts = [nest('y', [j], [{ to: y, at: toIndex(j), value: apply('add', product(0), product(1)) }])];
  const own = load(y, toIndex(d));
  const gradient = fold('add', [row], apply('mul', input(c), own));
  const momentum = apply('add', apply('mul', number(0.9), load(v, at([k, n], [c, d]))), gradient);
  const square = fold('add', [row], apply('mul', load(y, toIndex(1)), load(y, toIndex(1))));
  const totals = [
    nest(
      'W',
      [c, d],
      [
        { to: v, at: at([k, n], [c, d]), value: momentum },
        {
          to: w,
          at: at([k, n], [c, d]),
          value: apply('sub', weight(c, d), apply('mul', number(0.1), momentum)),
        },
      ],
    ),
    nest('loss', [], [{ to: loss, at: toIndex(0), value: apply('div', square, apply('f32', indexValue(toIndex(m)))) }]),
    nest('largest', [e], [{ to: last, at: toIndex(e), value: fold('max', [row], load(y, toIndex(e))) }]),
  ];
  return {
    nest: { kind: 'rows', name: 'y', row, parts, totals, rowLocal: [y], provenance },
    buffers: [x, w, v, y, loss, last],
  };
}

/** A row sum under a guard: the fold only means something where the row is inside. */
export function paddedSums(m: number, n: number): Example {
  const [i, j] = [axis('i', m + 2), axis('j', n)];
  const [x, out] = [buffer('x', m * n), buffer('out', m + 2)];
  const row = sub(toIndex(i), 1);
  const inside = apply(
    'and',
    apply('le', number(0, 'i32'), indexValue(row)),
    apply('lt', indexValue(row), number(m, 'i32')),
  );
  const sum = fold('add', [j], load(x, at([m, n], [row, j])));
  return {
    nest: nest('out', [i], [{ to: out, at: toIndex(i), value: apply('select', inside, sum, number(-1)) }]),
    buffers: [x, out],
  };
}
