// The kernel being written: open loops, what each of them binds, and the lets that are visible in it.
import type { Atom, Axis, Index } from '../../../ir/index.js';
import { axis as newAxis } from '../../../ir/index.js';
import type { Blocks, Statement } from '../../../ir/program.js';
import { isLanes, local, type Buffer, type Scalar } from '../../../ir/scalar.js';
import type { Names } from './names.js';

interface Scope {
  readonly statements: Statement[];
  readonly loop: boolean;
  readonly axes: Set<Axis>;
  /** Values by key that have a let in this scope, and quotients by key that have an index let. */
  readonly values: Map<string, Scalar>;
  readonly indices: Map<string, Axis>;
  readonly names: string[];
  /** Names of this scope and of those that were closed in it. */
  readonly used: Set<string>;
  /** Levels found while this scope was the innermost. */
  readonly levels: Map<string, number>;
}

/** Statements are appended to any open scope: a let goes to the outermost one where its axes are bound. */
export class Writer {
  private scopes: Scope[] = [newScope(false)];
  /** Open scopes further in, while something is written before them. */
  private hidden: Scope[] = [];
  private readonly levelOfLocal = new Map<string, number>();
  /** Loads of these buffers stay at this level or further in: something nearby stores to them. */
  readonly pins = new Map<Buffer, number>();

  /** Products of a length that is known at run time and that are cut, by the key of their length. */
  readonly longProducts = new Map<string, { readonly terms: Index; readonly most: number }>();

  /**
   * `blocks`: how sums are cut; `asked`: those of a length that is known at run time where they turn out to be long. Of products these
   * are all taken to be `long`, or to be `short`, for their loops hold all the registers there are.
   * `wide`: neighbouring vectors are to be joined.
   */
  constructor(
    private readonly names: Names,
    readonly blocks?: Blocks,
    readonly asked?: 'long' | 'short',
    readonly wide = false,
  ) {}

  /** The level of the innermost open scope. */
  get depth(): number {
    return this.scopes.length - 1;
  }

  push(...statements: readonly Statement[]): void {
    this.scopes[this.depth].statements.push(...statements);
  }

  /** Opens a scope that binds these axes; returns them, renamed where another visible thing has the name. */
  open(...axes: readonly Axis[]): Axis[] {
    this.scopes.push(newScope(axes.length > 0));
    return axes.map((a) => this.bind(a));
  }

  /** Closes the innermost scope and returns what was written in it. */
  close(): Statement[] {
    const scope = this.scopes[this.depth];
    this.scopes = this.scopes.slice(0, -1);
    for (const name of scope.names) this.names.release(name);
    for (const name of scope.used) this.scopes[this.depth]?.used.add(name);
    return scope.statements;
  }

  /** What each of two writes, as arms of one statement: a let that the second writes before that means nothing else in the first. */
  arms(first: () => void, second: () => void): [Statement[], Statement[]] {
    this.open();
    first();
    const { used } = this.scopes[this.depth];
    const then = this.close();
    this.open();
    for (const name of used) this.scopes[this.depth].used.add(name);
    second();
    return [then, this.close()];
  }

  /** Closes the innermost scope into the one around it: its names stay taken there. */
  flatten(): void {
    const scope = this.scopes[this.depth];
    this.scopes = this.scopes.slice(0, -1);
    const around = this.scopes[this.depth];
    around.statements.push(...scope.statements);
    around.names.push(...scope.names);
    for (const name of scope.used) around.used.add(name);
  }

  /** Runs `write` as if only the scopes up to `level` were open: what it pushes stands before the loops that are open further in. */
  at<T>(level: number, write: () => T): T {
    const { scopes, hidden } = this;
    this.scopes = scopes.slice(0, level + 1);
    this.hidden = [...scopes.slice(level + 1), ...hidden];
    const result = write();
    this.scopes = scopes;
    this.hidden = hidden;
    return result;
  }

  /** Does a let at `level`, instead of at `from`, leave a loop? */
  leavesLoop(level: number, from: number): boolean {
    return this.scopes.slice(level + 1, from + 1).some((s) => s.loop);
  }

  lookup(key: string): Scalar | undefined {
    for (let i = this.depth; i >= 0; i--) {
      const found = this.scopes[i].values.get(key);
      if (found) return found;
    }
    return undefined;
  }

  remember(level: number, key: string, value: Scalar): void {
    this.scopes[level].values.set(key, value);
  }

  /** Writes a let at the level and returns the local. */
  let(level: number, name: { base: string; numbered: boolean }, value: Scalar, mutable?: true): Scalar {
    const lanes = isLanes(value) ? 4 : undefined;
    const scope = this.scopes[level];
    const text = this.take(level, name.base, `${value.type}${lanes ?? ''}`, name.numbered);
    scope.statements.push({ kind: 'let', name: text, value, ...(mutable && { mutable }) });
    this.levelOfLocal.set(text, level);
    return local(text, value.type, lanes);
  }

  /** An integer let for a quotient, shared by key. */
  index(level: number, key: string, name: string, value: Index, extent: Index): Axis {
    for (let i = this.depth; i >= 0; i--) {
      const found = this.scopes[i].indices.get(key);
      if (found) return found;
    }
    const scope = this.scopes[level];
    const text = this.take(level, name, 'index', false);
    const axis = newAxis(text, extent);
    scope.axes.add(axis);
    scope.indices.set(key, axis);
    scope.statements.push({ kind: 'index', axis, value });
    return axis;
  }

  /** The outermost level where the value can be computed. */
  levelOf(value: Scalar): number {
    const memo = this.scopes[this.depth].levels;
    const known = memo.get(value.key);
    if (known !== undefined) return known;
    const level = this.findLevel(value);
    memo.set(value.key, level);
    return level;
  }

  levelOfIndex(index: Index): number {
    let level = 0;
    for (const term of index.terms) for (const part of term.atoms) level = Math.max(level, this.levelOfAtom(part));
    return level;
  }

  levelOfAtom(part: Atom): number {
    switch (part.kind) {
      case 'size':
      case 'sum':
        return 0;
      case 'axis':
        for (let i = this.depth; i > 0; i--) if (this.scopes[i].axes.has(part)) return i;
        return 0;
      case 'quotient':
        return Math.max(this.levelOfIndex(part.of), this.levelOfIndex(part.by));
      case 'element':
        return this.levelOf(part.of);
      default:
        return part satisfies never;
    }
  }

  private findLevel(value: Scalar): number {
    switch (value.kind) {
      case 'number':
        return 0;
      case 'local':
        return this.levelOfLocal.get(value.name) ?? 0;
      case 'index':
        return this.levelOfIndex(value.of);
      case 'load':
        return Math.max(this.levelOfIndex(value.at), Math.min(this.pins.get(value.from) ?? 0, this.depth));
      case 'apply':
        return value.args.reduce((level, arg) => Math.max(level, this.levelOf(arg)), 0);
      case 'fold':
        return this.levelOf(value.body);
      case 'splat':
      case 'lane':
        return this.levelOf(value.of);
      default:
        return value satisfies never;
    }
  }

  /** A name for the scope at the level that means nothing else there, nor in what stands after it. */
  private take(level: number, base: string, signature: string, numbered: boolean): string {
    const inner = [...this.scopes.slice(level + 1), ...this.hidden];
    const name = this.names.take(base, signature, numbered, (text) => inner.some((s) => s.used.has(text)));
    this.scopes[level].names.push(name);
    this.scopes[level].used.add(name);
    return name;
  }

  private bind(a: Axis): Axis {
    const scope = this.scopes[this.depth];
    const name = this.take(this.depth, a.name, 'index', false);
    const bound = name === a.name ? a : newAxis(name, a.extent);
    scope.axes.add(bound);
    return bound;
  }
}

function newScope(loop: boolean): Scope {
  return {
    statements: [],
    loop,
    axes: new Set(),
    values: new Map(),
    indices: new Map(),
    names: [],
    used: new Set(),
    levels: new Map(),
  };
}
