// One element of a tensor as JavaScript in double precision: the arithmetic of the reference evaluator, to the bit, and much faster.
import type { Axis, Index } from '../../ir/index.js';
import { axesOf, evaluateSizes } from '../../ir/index.js';
import { foldIdentity, type Buffer, type Scalar, type ScalarOp } from '../../ir/scalar.js';
import { partsOf } from '../../ir/walk.js';

/** What a node's elements are, and how large it is. */
export interface ElementCode {
  readonly axes: readonly Axis[];
  readonly value: Scalar;
  /** Called x0, x1, … in this order. */
  readonly buffers: readonly Buffer[];
  readonly sizeOf: (name: string) => number;
}

/** So many sums are added up side by side, in rows and along one: each addition waits for the one before, and what is read serves several. */
const [down, across] = [2, 4];

/**
 * The body of a function of `o` (the elements, row-major), `x` (those of the inputs), `f` (instructions that JavaScript lacks) and `k`,
 * whose number k[0] each decision on the way changes: what is compared, which of two or of many is the largest, where a number is cut.
 * Equal code for equal work, whatever the nodes are called.
 */
export function printElements(code: ElementCode): string {
  const writer = new Writer(code);
  const { axes, value } = code;
  const extents = axes.map((a) => evaluateSizes(a.extent, code.sizeOf));
  const long = [...extents.keys()].filter((i) => extents[i] > 1);
  const names = axes.map((a, i) => writer.bind(a, extents[i] === 1 ? '0' : `i${i}`));
  const [row, column] = [long.at(-2), long.at(-1)].map((i) =>
    i === undefined ? undefined : { axis: axes[i], name: names[i], extent: extents[i] },
  );
  const blocks = column && column.extent >= across && isPlainSum(value) ? { column, row } : undefined;
  const loops = ([first, ...others]: readonly number[]): string[] => {
    if (blocks && value.kind === 'fold' && others.length < 2) return writer.blocks(value, blocks.row, blocks.column);
    if (first === undefined) {
      const lines: string[] = [];
      lines.push(`o[n++] = ${writer.value(value, lines)};`);
      return lines;
    }
    const name = names[first];
    const inside = writer.scoped(() => loops(others));
    return [`for (let ${name} = 0; ${name} < ${extents[first]}; ${name}++) {`, ...inside, '}'];
  };
  const body = loops(long);
  const inputs = code.buffers.map((_, i) => `const x${i} = x[${i}];`);
  const lines = ['let n = 0;', ...inputs, ...body];
  return writer.decides ? ['let K = k[0];', ...lines, 'k[0] = K;'].join('\n') : lines.join('\n');
}

/** A sum whose terms have no loops of their own. */
function isPlainSum(value: Scalar): boolean {
  const simple = (part: Scalar): boolean =>
    part.kind !== 'fold' && !(part.kind === 'apply' && part.op === 'select') && partsOf(part).every(simple);
  return value.kind === 'fold' && value.op === 'add' && simple(value.body);
}

/** One axis of a block of sums. */
interface Side {
  readonly axis: Axis;
  readonly name: string;
  readonly extent: number;
}

/** Names what it has written, so that what occurs twice is computed once; a block sees the names of those around it. */
class Writer {
  decides = false;
  private names = 0;
  private readonly bound = new Map<Axis, string>();
  private readonly levels: Map<string, string>[] = [new Map()];
  /** While sums stand side by side: along which axes, and how far from the first of them the one is whose turn it is. */
  private beside: readonly { readonly axis: Axis; readonly turn: number }[] = [];

  constructor(private readonly code: ElementCode) {}

  bind(axis: Axis, name: string): string {
    this.bound.set(axis, name);
    return name;
  }

  scoped<T>(write: () => T): T {
    this.levels.push(new Map());
    const written = write();
    this.levels.pop();
    return written;
  }

  /** The name, or number, of a value, whose lines are added. */
  value(value: Scalar, lines: string[]): string {
    if (value.kind === 'number') return printNumber(value.value);
    const key = this.keyOf(value);
    for (const level of this.levels) {
      const known = level.get(key);
      if (known !== undefined) return known;
    }
    const name = this.written(value, lines);
    this.levels[this.levels.length - 1].set(key, name);
    return name;
  }

  /** Sums for every place of one or two axes, a block of them at a time. */
  blocks(value: Extract<Scalar, { kind: 'fold' }>, row: Side | undefined, column: Side): string[] {
    const along = (rows: number): string[] => {
      const { name, extent } = column;
      const rest = extent % across === 0 ? [] : [`for (; ${name} < ${extent}; ${name}++) {`, ...block(rows, 1), '}'];
      const whole = `for (; ${name} <= ${extent - across}; ${name} += ${across}) {`;
      return [`let ${name} = 0;`, whole, ...block(rows, across), '}', ...rest];
    };
    const block = (rows: number, columns: number): string[] =>
      this.scoped(() => this.block(value, [row && { ...row, count: rows }, { ...column, count: columns }]));
    if (!row) return along(1);
    const { name, extent } = row;
    const skip = `n += ${(down - 1) * column.extent};`;
    const whole = [`for (; ${name} <= ${extent - down}; ${name} += ${down}) {`, ...along(down), skip, '}'];
    const rest = extent % down === 0 ? [] : [`for (; ${name} < ${extent}; ${name}++) {`, ...along(1), '}'];
    return [`let ${name} = 0;`, ...whole, ...rest];
  }

  private block(
    { over, body }: Extract<Scalar, { kind: 'fold' }>,
    [row, column]: readonly [(Side & { readonly count: number }) | undefined, Side & { readonly count: number }],
  ): string[] {
    const turns = Array.from({ length: (row?.count ?? 1) * column.count }, (_, i) => {
      const [y, x] = [Math.floor(i / column.count), i % column.count];
      const at = [...(row ? [{ ...row, turn: y }] : []), { ...column, turn: x }];
      return { total: `s${y}${x}`, at, place: `n + ${y * column.extent + x}` };
    });
    const place = (at: readonly (Side & { readonly turn: number })[]): void => {
      this.beside = at;
      for (const { axis, name, turn } of at) this.bind(axis, turn === 0 ? name : `(${name} + ${turn})`);
    };
    const loops = this.folding(over, (inside) => {
      for (const { total, at } of turns) {
        place(at);
        inside.push(`${total} += ${this.value(body, inside)};`);
      }
    });
    place(turns[0].at);
    this.beside = [];
    return [
      `let ${turns.map(({ total }) => `${total} = 0`).join(', ')};`,
      ...loops,
      ...turns.map(({ total, place: at }) => `o[${at}] = ${total};`),
      `n += ${column.count};`,
    ];
  }

  private keyOf(value: Scalar): string {
    const turns = this.beside.map(({ axis, turn }) => (turn > 0 && mentions(value, axis) ? turn : ''));
    return turns.some((turn) => turn !== '') ? `${turns.join()} ${value.key}` : value.key;
  }

  private written(value: Scalar, lines: string[]): string {
    switch (value.kind) {
      case 'index':
        return this.named(this.index(value.of, lines), lines);
      case 'load':
        return this.named(`x${this.code.buffers.indexOf(value.from)}[${this.index(value.at, lines)}]`, lines);
      case 'apply':
        return value.op === 'select' ? this.choice(value.args, lines) : this.applied(value, lines);
      case 'fold':
        return this.fold(value, lines);
      default:
        throw new Error(`an element rule has a ${value.kind}`);
    }
  }

  private named(text: string, lines: string[]): string {
    const name = `v${this.names++}`;
    lines.push(`const ${name} = ${text};`);
    return name;
  }

  private applied(value: Extract<Scalar, { kind: 'apply' }>, lines: string[]): string {
    const { op, type } = value;
    const args = value.args.map((arg) => this.value(arg, lines));
    const [a, b] = args;
    const text = spelled(op, type, args);
    const name = this.named(
      type === 'u32' ? `(${text}) >>> 0` : type === 'i32' && op !== 'i32' ? `(${text}) | 0` : text,
      lines,
    );
    if (value.args[0].type !== 'f32') return name;
    if (comparisons.has(op) || cuts.has(op)) this.decide(name, lines);
    else if (extremes.has(op)) this.decide(`(${a} < ${b} ? 1 : ${a} > ${b} ? 2 : 3)`, lines);
    else if (op === 'abs') this.decide(`(${a} < 0 ? 1 : ${a} > 0 ? 2 : 3)`, lines);
    return name;
  }

  private decide(what: string, lines: string[]): void {
    this.decides = true;
    lines.push(`K = (Math.imul(K, 0x01000193) + ${what}) | 0;`);
  }

  /** Only the arm that is taken is computed. */
  private choice([condition, one, other]: readonly Scalar[], lines: string[]): string {
    const test = this.value(condition, lines);
    const name = `v${this.names++}`;
    const arm = (value: Scalar): string[] =>
      this.scoped(() => {
        const inside: string[] = [];
        inside.push(`${name} = ${this.value(value, inside)};`);
        return inside;
      });
    lines.push(`let ${name};`, `if (${test} !== 0) {`, ...arm(one), '} else {', ...arm(other), '}');
    return name;
  }

  private fold({ op, type, over, body }: Extract<Scalar, { kind: 'fold' }>, lines: string[]): string {
    const name = `v${this.names++}`;
    lines.push(`let ${name} = ${printNumber(foldIdentity(op, type))};`);
    const extreme = op === 'max' || op === 'min';
    const tracked = extreme && type === 'f32';
    if (tracked) lines.push(`let ${name}p = 0, ${name}q = 0;`);
    const loops = this.folding(over, (inside) => {
      const each = this.value(body, inside);
      if (tracked) inside.push(`${name}p++;`, `if (${each} ${op === 'max' ? '>' : '<'} ${name}) ${name}q = ${name}p;`);
      if (extreme) inside.push(`${name} = Math.${op}(${name}, ${each});`);
      else inside.push(`${name} ${op === 'add' ? '+=' : '*='} ${each};`);
    });
    lines.push(...loops);
    if (tracked) this.decide(`${name}q`, lines);
    return name;
  }

  /** Loops over the axes of a fold. */
  private folding([first, ...others]: readonly Axis[], write: (inside: string[]) => void): string[] {
    if (!first)
      return this.scoped(() => {
        const inside: string[] = [];
        write(inside);
        return inside;
      });
    const name = this.bind(first, `k${this.names++}`);
    const extent = evaluateSizes(first.extent, this.code.sizeOf);
    return [`for (let ${name} = 0; ${name} < ${extent}; ${name}++) {`, ...this.folding(others, write), '}'];
  }

  private index(index: Index, lines: string[]): string {
    const terms = index.terms.map(({ factor, atoms }) => {
      const parts = atoms.map((part): string => {
        switch (part.kind) {
          case 'axis':
            return this.bound.get(part) ?? unbound(part.name);
          case 'size':
            return String(this.code.sizeOf(part.name));
          case 'sum':
            return `(${this.index(part.of, lines)})`;
          case 'quotient':
            return `Math.floor((${this.index(part.of, lines)}) / (${this.index(part.by, lines)}))`;
          case 'element':
            return this.value(part.of, lines);
          default:
            return part satisfies never;
        }
      });
      return [...(factor === 1 && parts.length > 0 ? [] : [printNumber(factor)]), ...parts].join(' * ');
    });
    return terms.length === 0 ? '0' : terms.join(' + ');
  }
}

function unbound(name: string): never {
  throw new Error(`${name} is bound by no loop`);
}

/** Does the value change along the axis? */
function mentions(value: Scalar, axis: Axis): boolean {
  const own = value.kind === 'index' ? value.of : value.kind === 'load' ? value.at : undefined;
  return (own !== undefined && axesOf(own).has(axis)) || partsOf(value).some((part) => mentions(part, axis));
}

function printNumber(value: number): string {
  if (Object.is(value, -0)) return '(-0)';
  return value < 0 ? `(${value})` : String(value);
}

const comparisons: ReadonlySet<ScalarOp> = new Set(['lt', 'le', 'eq']);
const extremes: ReadonlySet<ScalarOp> = new Set(['max', 'min']);
/** What makes steps of a number. */
const cuts: ReadonlySet<ScalarOp> = new Set(['floor', 'ceil', 'round', 'i32', 'u32']);

const infix: Partial<Record<ScalarOp, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  xor: '^',
  shl: '<<',
  shr: '>>>',
};
const tests: Partial<Record<ScalarOp, string>> = { lt: '<', le: '<=', eq: '===' };
const functions: Partial<Record<ScalarOp, string>> = {
  abs: 'Math.abs',
  floor: 'Math.floor',
  ceil: 'Math.ceil',
  sqrt: 'Math.sqrt',
  exp: 'Math.exp',
  log: 'Math.log',
  log1p: 'Math.log1p',
  expm1: 'Math.expm1',
  sin: 'Math.sin',
  cos: 'Math.cos',
  tanh: 'Math.tanh',
  min: 'Math.min',
  max: 'Math.max',
  pow: 'Math.pow',
  i32: 'Math.trunc',
  single: 'Math.fround',
};

/** An instruction; those for which JavaScript has no word are the evaluator's own. */
function spelled(op: ScalarOp, type: Scalar['type'], args: readonly string[]): string {
  const [a, b] = args;
  if (op === 'mul' && (type === 'i32' || type === 'u32')) return `Math.imul(${a}, ${b})`;
  const [operator, test, called] = [infix[op], tests[op], functions[op]];
  if (operator !== undefined) return `${a} ${operator} ${b}`;
  if (test !== undefined) return `${a} ${test} ${b} ? 1 : 0`;
  if (called !== undefined) return `${called}(${args.join(', ')})`;
  if (op === 'neg') return `-${a}`;
  if (op === 'not') return `${a} === 0 ? 1 : 0`;
  if (op === 'f32' || op === 'any') return a;
  return `f.${op}(${args.join(', ')})`;
}
