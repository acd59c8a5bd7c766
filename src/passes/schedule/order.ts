// Which steps must stay in their order, and statements with other buffers in the place of some.
import { accessOf } from '../../ir/access.js';
import type { Index } from '../../ir/index.js';
import type { Statement, Step } from '../../ir/program.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import { load, type Buffer } from '../../ir/scalar.js';

export interface Access {
  readonly reads: ReadonlySet<Buffer>;
  readonly writes: ReadonlySet<Buffer>;
}

export function accessOfSteps(steps: readonly Step[]): Access {
  const [reads, writes] = [new Set<Buffer>(), new Set<Buffer>()];
  for (const run of runsOf(steps)) {
    const access = accessOf(run.kernel.body);
    for (const buffer of access.reads) reads.add(actualOf(run, buffer));
    for (const buffer of access.writes) writes.add(actualOf(run, buffer));
  }
  return { reads, writes };
}

/** Must one be made before the other? */
export function conflict(a: Access, b: Access): boolean {
  const meet = (x: ReadonlySet<Buffer>, y: ReadonlySet<Buffer>): boolean => [...x].some((buffer) => y.has(buffer));
  return meet(a.writes, b.reads) || meet(a.writes, b.writes) || meet(a.reads, b.writes);
}

export function withBuffers(body: readonly Statement[], others: ReadonlyMap<Buffer, Buffer>): readonly Statement[] {
  const actual = (buffer: Buffer): Buffer => others.get(buffer) ?? buffer;
  const rewrite: Rewrite = {
    scalar: (v) =>
      v.kind === 'load' && others.has(v.from) ? load(actual(v.from), rewriteIndex(v.at, rewrite), v.lanes) : undefined,
  };
  const index = (at: Index): Index => rewriteIndex(at, rewrite);
  const all = (statements: readonly Statement[]): Statement[] => statements.map(statement);
  const statement = (s: Statement): Statement => {
    switch (s.kind) {
      case 'loop': {
        const { from, last } = s;
        const bounds = { ...(from && { from: index(from) }), to: index(s.to), ...(last && { last: index(last) }) };
        return { ...s, ...bounds, body: all(s.body) };
      }
      case 'index':
        return { ...s, value: index(s.value) };
      case 'let':
      case 'set':
        return { ...s, value: rewriteScalar(s.value, rewrite) };
      case 'store':
        return { ...s, to: actual(s.to), at: index(s.at), value: rewriteScalar(s.value, rewrite) };
      case 'if':
        return { ...s, less: [index(s.less[0]), index(s.less[1])], then: all(s.then), else: all(s.else) };
      case 'transpose':
      case 'barrier':
        return s;
      default:
        return s satisfies never;
    }
  };
  return all(body);
}
