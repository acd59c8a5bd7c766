// Writes the lines of a function: each method is an operation of StableHLO, which knows the type of its result.
import type { Names } from './names.js';
import { dense } from './numbers.js';
import { sameDims, spell, type, type Dtype, type Type } from './types.js';

/** A value of a function: `%3`, `%logits`. */
export interface Value {
  readonly text: string;
  readonly type: Type;
}

/** What elements are put together by. */
export type Combiner = 'add' | 'multiply' | 'maximum' | 'minimum' | 'or' | 'and';

/** Axes that a product pairs: the batch of both, and what is summed over. */
export interface Pairing {
  readonly batch: readonly [left: readonly number[], right: readonly number[]];
  readonly summed: readonly [left: readonly number[], right: readonly number[]];
}

/** A convolution over spatial axes: where operands and result have their batch, features and spatial axes is for the caller to arrange. */
export interface Convolution {
  readonly strides: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** How far apart elements of the image, and of the filter, stand. */
  readonly apart: readonly [image: readonly number[], filter: readonly number[]];
  readonly groups: number;
  /** Of the result. */
  readonly sizes: readonly number[];
}

export interface Windowed {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly result: readonly number[];
}

export class Block {
  readonly lines: string[] = [];
  private readonly constants = new Map<string, Value>();

  constructor(
    readonly names: Names,
    private readonly indent: string,
  ) {}

  /** Calls the value of the last line by a word, and says where it comes from. */
  called(value: Value, word: string | undefined, place: string | undefined): Value {
    const at = this.lines.length - 1;
    const head = `${this.indent}${value.text} = `;
    if (at < 0 || !this.lines[at].startsWith(head) || !/^%\d+$/.test(value.text)) return value;
    const name = word === undefined ? undefined : this.names.like(word);
    const located = place === undefined ? this.lines[at] : `${this.lines[at]} loc(${place})`;
    if (name === undefined) {
      this.lines[at] = located;
      return value;
    }
    this.names.back();
    this.lines[at] = `${this.indent}${name} = ${located.slice(head.length)}`;
    return { ...value, text: name };
  }

  /** Adds a line of one result. */
  private line(text: string, result: Type): Value {
    const value = { text: this.names.fresh(), type: result };
    this.lines.push(`${this.indent}${value.text} = ${text}`);
    return value;
  }

  /** The numbers, row-major, or one that fills the shape. */
  constant(values: readonly number[] | number, of: Type): Value {
    const written = `stablehlo.constant ${dense(typeof values === 'number' ? [values] : values, of)} : ${spell(of)}`;
    let known = this.constants.get(written);
    if (!known) this.constants.set(written, (known = this.line(written, of)));
    return known;
  }

  /** An operation on elements at the same place, whose result is of its operands' type. */
  elementwise(name: string, ...operands: readonly Value[]): Value {
    const [first] = operands;
    return this.line(`stablehlo.${name} ${list(operands)} : ${spell(first.type)}`, first.type);
  }

  compare(direction: 'LT' | 'LE' | 'EQ' | 'NE' | 'GT', a: Value, b: Value): Value {
    const kind = { f32: 'FLOAT', f64: 'FLOAT', i32: 'SIGNED', ui32: 'UNSIGNED', i1: 'UNSIGNED' }[a.type.dtype];
    const result = type('i1', a.type.dims);
    return this.line(
      `stablehlo.compare ${direction}, ${list([a, b])}, ${kind} : (${spells([a, b])}) -> ${spell(result)}`,
      result,
    );
  }

  select(condition: Value, a: Value, b: Value): Value {
    return this.line(`stablehlo.select ${list([condition, a, b])} : ${spells([condition, a])}`, a.type);
  }

  convert(x: Value, dtype: Dtype): Value {
    return x.type.dtype === dtype ? x : this.reformed('convert', x, type(dtype, x.type.dims));
  }

  bitcast(x: Value, dtype: Dtype): Value {
    return x.type.dtype === dtype ? x : this.reformed('bitcast_convert', x, type(dtype, x.type.dims));
  }

  reshape(x: Value, dims: readonly number[]): Value {
    return sameDims(x.type.dims, dims) ? x : this.reformed('reshape', x, type(x.type.dtype, dims));
  }

  private reformed(name: string, x: Value, result: Type): Value {
    return this.line(`stablehlo.${name} ${x.text} : (${spell(x.type)}) -> ${spell(result)}`, result);
  }

  /** `at`: where each axis of the operand is in the result. */
  broadcast(x: Value, dims: readonly number[], at: readonly number[]): Value {
    if (sameDims(x.type.dims, dims)) return x;
    const result = type(x.type.dtype, dims);
    return this.line(
      `stablehlo.broadcast_in_dim ${x.text}, dims = [${at.join(', ')}] : (${spell(x.type)}) -> ${spell(result)}`,
      result,
    );
  }

  transpose(x: Value, order: readonly number[]): Value {
    if (order.every((axis, i) => axis === i)) return x;
    const result = type(
      x.type.dtype,
      order.map((axis) => x.type.dims[axis]),
    );
    return this.line(
      `stablehlo.transpose ${x.text}, dims = [${order.join(', ')}] : (${spell(x.type)}) -> ${spell(result)}`,
      result,
    );
  }

  reverse(x: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return x;
    return this.line(`stablehlo.reverse ${x.text}, dims = [${axes.join(', ')}] : ${spell(x.type)}`, x.type);
  }

  /** So many elements along each axis, `steps` apart, from `starts` on. */
  slice(x: Value, starts: readonly number[], steps: readonly number[], sizes: readonly number[]): Value {
    if (sameDims(sizes, x.type.dims)) return x;
    const ranges = starts.map((start, i) => {
      const end = start + (sizes[i] - 1) * steps[i] + 1;
      return steps[i] === 1 ? `${start}:${end}` : `${start}:${end}:${steps[i]}`;
    });
    const result = type(x.type.dtype, sizes);
    return this.line(
      `stablehlo.slice ${x.text} [${ranges.join(', ')}] : (${spell(x.type)}) -> ${spell(result)}`,
      result,
    );
  }

  /** `between`: how many stand between two elements. */
  pad(x: Value, value: number, low: readonly number[], high: readonly number[], between = low.map(() => 0)): Value {
    if ([...low, ...high, ...between].every((n) => n === 0)) return x;
    const filling = this.constant(value, type(x.type.dtype));
    const result = type(
      x.type.dtype,
      x.type.dims.map((n, i) => low[i] + n + (n - 1) * between[i] + high[i]),
    );
    const by = `low = [${low.join(', ')}], high = [${high.join(', ')}], interior = [${between.join(', ')}]`;
    return this.line(
      `stablehlo.pad ${list([x, filling])}, ${by} : (${spells([x, filling])}) -> ${spell(result)}`,
      result,
    );
  }

  concatenate(parts: readonly Value[], axis: number): Value {
    const [first] = parts;
    if (parts.length === 1) return first;
    const total = parts.reduce((sum, part) => sum + part.type.dims[axis], 0);
    const result = type(
      first.type.dtype,
      first.type.dims.map((n, i) => (i === axis ? total : n)),
    );
    return this.line(
      `stablehlo.concatenate ${list(parts)}, dim = ${axis} : (${spells(parts)}) -> ${spell(result)}`,
      result,
    );
  }

  /** The coordinate along one axis. */
  iota(axis: number, of: Type): Value {
    return this.line(`stablehlo.iota dim = ${axis} : ${spell(of)}`, of);
  }

  /** The batch, then what is left of the left operand, then of the right one. */
  dot(a: Value, b: Value, { batch, summed }: Pairing): Value {
    const left = (x: Value, paired: readonly number[]): number[] => x.type.dims.filter((_, i) => !paired.includes(i));
    const result = type('f32', [
      ...batch[0].map((axis) => a.type.dims[axis]),
      ...left(a, [...batch[0], ...summed[0]]),
      ...left(b, [...batch[1], ...summed[1]]),
    ]);
    const axes = ([one, other]: Pairing['batch']): string => `[${one.join(', ')}] x [${other.join(', ')}]`;
    const batching = batch[0].length > 0 ? `batching_dims = ${axes(batch)}, ` : '';
    return this.line(
      `stablehlo.dot_general ${list([a, b])}, ${batching}contracting_dims = ${axes(summed)}, precision = [${precision}, ${precision}] : (${spells([a, b])}) -> ${spell(result)}`,
      result,
    );
  }

  /** Of `[batch, features, …]` by `[out, features of a group, …]`, `[batch, out, …]`. */
  convolution(image: Value, filter: Value, of: Convolution): Value {
    const spatial = of.strides.map((_, i) => i).join(', ');
    const places = `[b, f, ${spatial}]x[o, i, ${spatial}]->[b, f, ${spatial}]`;
    const padding = of.low.map((low, i) => `[${low}, ${of.high[i]}]`).join(', ');
    const window = `stride = [${of.strides.join(', ')}], pad = [${padding}], lhs_dilate = [${of.apart[0].join(', ')}], rhs_dilate = [${of.apart[1].join(', ')}]`;
    const result = type('f32', [image.type.dims[0], filter.type.dims[0], ...of.sizes]);
    return this.line(
      `stablehlo.convolution(${list([image, filter])}) dim_numbers = ${places}, window = {${window}} {batch_group_count = 1 : i64, feature_group_count = ${of.groups} : i64, precision_config = [#stablehlo<precision ${precision}>, #stablehlo<precision ${precision}>]} : (${spells([image, filter])}) -> ${spell(result)}`,
      result,
    );
  }

  reduce(combiner: Combiner, x: Value, axes: readonly number[]): Value {
    const start = this.startOf(combiner, x.type.dtype);
    const result = type(
      x.type.dtype,
      x.type.dims.filter((_, i) => !axes.includes(i)),
    );
    return this.line(
      `stablehlo.reduce(${x.text} init: ${start.text}) applies stablehlo.${combiner} across dimensions = [${axes.join(', ')}] : (${spells([x, start])}) -> ${spell(result)}`,
      result,
    );
  }

  /** What windows hold, put together: each axis has a window. */
  reduceWindow(combiner: Combiner, x: Value, { sizes, strides, dilations, low, high, result: dims }: Windowed): Value {
    const start = this.startOf(combiner, x.type.dtype);
    const result = type(x.type.dtype, dims);
    const array = (values: readonly number[]): string => `array<i64: ${values.join(', ')}>`;
    const padding = `dense<[${low.map((l, i) => `[${l}, ${high[i]}]`).join(', ')}]> : tensor<${low.length}x2xi64>`;
    const attributes = `base_dilations = ${array(sizes.map(() => 1))}, padding = ${padding}, window_dilations = ${array(dilations)}, window_dimensions = ${array(sizes)}, window_strides = ${array(strides)}`;
    return this.region(
      `"stablehlo.reduce_window"(${list([x, start])}) <{${attributes}}>`,
      combiner,
      `(${spells([x, start])}) -> ${spell(result)}`,
      result,
    );
  }

  /** An operation with a region that puts two elements together, or takes the second. */
  private region(head: string, combiner: Combiner | 'second', types: string, result: Type): Value {
    const value = { text: this.names.fresh(), type: result };
    const [a, b] = [this.names.fresh(), this.names.fresh()];
    const scalar = spell(type(result.dtype));
    const inner = new Block(this.names, `${this.indent}  `);
    const made =
      combiner === 'second'
        ? b
        : inner.elementwise(combiner, { text: a, type: type(result.dtype) }, { text: b, type: type(result.dtype) })
            .text;
    this.lines.push(
      `${this.indent}${value.text} = ${head} ({`,
      `${this.indent}^bb0(${a}: ${scalar}, ${b}: ${scalar}):`,
      ...inner.lines,
      `${this.indent}  stablehlo.return ${made} : ${scalar}`,
      `${this.indent}}) : ${types}`,
    );
    return value;
  }

  /** What a combiner leaves as it is. */
  private startOf(combiner: Combiner, dtype: Dtype): Value {
    const integer = dtype === 'i32' || dtype === 'ui32';
    const start = {
      add: 0,
      multiply: 1,
      maximum: integer ? -(2 ** 31) : -Infinity,
      minimum: integer ? 2 ** 31 - 1 : Infinity,
      or: 0,
      and: 1,
    }[combiner];
    return this.constant(start, type(dtype));
  }

  /** Rows of a table: `ids` has any shape. */
  gather(table: Value, ids: Value): Value {
    const [, ...rest] = table.type.dims;
    const places = this.reshape(ids, [...ids.type.dims, 1]);
    const rank = ids.type.dims.length;
    const result = type(table.type.dtype, [...ids.type.dims, ...rest]);
    const offsets = rest.map((_, i) => rank + i);
    const numbers = `offset_dims = [${offsets.join(', ')}], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = ${rank}`;
    return this.line(
      `"stablehlo.gather"(${list([table, places])}) <{dimension_numbers = #stablehlo.gather<${numbers}>, indices_are_sorted = false, slice_sizes = array<i64: ${[1, ...rest].join(', ')}>}> : (${spells([table, places])}) -> ${spell(result)}`,
      result,
    );
  }

  /** A table into whose rows others are put where indices say: added, or instead, which is for rows that are the same where indices are. */
  scatter(table: Value, ids: Value, rows: Value, combiner: Combiner | 'second'): Value {
    const places = this.reshape(ids, [...ids.type.dims, 1]);
    const rank = ids.type.dims.length;
    const [, ...rest] = table.type.dims;
    const window = rest.map((_, i) => rank + i);
    const numbers = `update_window_dims = [${window.join(', ')}], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = ${rank}`;
    return this.region(
      `"stablehlo.scatter"(${list([table, places, rows])}) <{indices_are_sorted = false, scatter_dimension_numbers = #stablehlo.scatter<${numbers}>, unique_indices = false}>`,
      combiner,
      `(${spells([table, places, rows])}) -> ${spell(table.type)}`,
      table.type,
    );
  }

  /** The row of a stack at a number that is computed, without its first axis. */
  rowAt(stack: Value, at: Value): Value {
    const [, ...rest] = stack.type.dims;
    const places = [at, ...rest.map(() => this.constant(0, type('i32')))];
    const row = type(stack.type.dtype, [1, ...rest]);
    const found = this.line(
      `stablehlo.dynamic_slice ${list([stack, ...places])}, sizes = [${row.dims.join(', ')}] : (${spells([stack, ...places])}) -> ${spell(row)}`,
      row,
    );
    return this.reshape(found, rest);
  }

  /** The stack with another row. */
  withRow(stack: Value, row: Value, at: Value): Value {
    const [, ...rest] = stack.type.dims;
    const places = [at, ...rest.map(() => this.constant(0, type('i32')))];
    const update = this.reshape(row, [1, ...rest]);
    return this.line(
      `stablehlo.dynamic_update_slice ${list([stack, update, ...places])} : (${spells([stack, update, ...places])}) -> ${spell(stack.type)}`,
      stack.type,
    );
  }

  /** A loop of so many rounds over values; `round` makes them anew of those and the number of the round, from 0. */
  loop(
    rounds: number,
    values: readonly Value[],
    round: (to: Block, values: readonly Value[], at: Value) => readonly Value[],
  ): Value[] {
    const counter = this.constant(0, type('i32'));
    const all = [counter, ...values];
    const result = this.names.fresh();
    const own = all.map((value) => ({ text: this.names.fresh(), type: value.type }));
    const inside = `${this.indent}  `;
    const condition = new Block(this.names, inside);
    const more = condition.compare('LT', own[0], condition.constant(rounds, type('i32')));
    const body = new Block(this.names, inside);
    const made = round(body, own.slice(1), own[0]);
    const next = [body.elementwise('add', own[0], body.constant(1, type('i32'))), ...made];
    const bound = own.map((value, i) => `${value.text} = ${all[i].text}`).join(', ');
    this.lines.push(
      `${this.indent}${result}:${all.length} = stablehlo.while(${bound}) : ${spells(all)}`,
      `${this.indent}cond {`,
      ...condition.lines,
      `${inside}stablehlo.return ${more.text} : ${spell(more.type)}`,
      `${this.indent}} do {`,
      ...body.lines,
      `${inside}stablehlo.return ${list(next)} : ${spells(next)}`,
      `${this.indent}}`,
    );
    return values.map((value, i) => ({ text: `${result}#${i + 1}`, type: value.type }));
  }

  /** The same value, of which nothing is known. */
  barrier(x: Value): Value {
    return this.line(`stablehlo.optimization_barrier ${x.text} : ${spell(x.type)}`, x.type);
  }
}

/** What devices without an f32 product are asked for; `train.py --precision` puts another word in its place. */
const precision = 'DEFAULT';

function list(values: readonly Value[]): string {
  return values.map(({ text }) => text).join(', ');
}

function spells(values: readonly Value[]): string {
  return values.map((value) => spell(value.type)).join(', ');
}
