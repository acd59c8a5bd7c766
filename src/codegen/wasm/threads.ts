// What threads share of an entry's calls, in which pieces, and where all that has been taken must be done.
import type { Index } from '../../ir/index.js';
import { accessOf } from '../../ir/access.js';
import type { Kernel, Run, Statement, Step } from '../../ir/program.js';
import { actualOf, runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import { visitStatements } from '../../ir/statements.js';
import { thread } from '../../ir/threads.js';
import { usesOf } from '../uses.js';

/** The stretches of a kernel between which threads wait for one another, each a function of its own: what is bound before is bound again. */
export function stretchesOf(body: readonly Statement[]): Statement[][] {
  let bound: Statement[] = [];
  const stretches: Statement[][] = [[]];
  const next = (): void => void stretches.push([...bound]);
  for (const statement of body) {
    const push = (s: Statement): void => void stretches[stretches.length - 1].push(s);
    if (statement.kind === 'barrier') next();
    else if (statement.kind === 'if') {
      const [then, otherwise] = [stretchesOf(statement.then), stretchesOf(statement.else)];
      for (let i = 0; i < Math.max(then.length, otherwise.length); i++) {
        if (i > 0) next();
        push({ ...statement, then: then.at(i) ?? [], else: otherwise.at(i) ?? [] });
      }
    } else {
      if (statement.kind === 'index' || (statement.kind === 'let' && !statement.mutable)) bound = [...bound, statement];
      push(statement);
    }
  }
  return stretches.map(withoutUnused);
}

/** Without lets at the end of what was bound before that nothing reads. */
function withoutUnused(body: readonly Statement[]): Statement[] {
  const names = new Set<string>();
  return [...body]
    .reverse()
    .filter((statement) => {
      if (statement.kind === 'let' && !names.has(statement.name)) return statement.mutable === true;
      visitStatements([statement], { scalar: (value) => void (value.kind === 'local' && names.add(value.name)) });
      return true;
    })
    .reverse();
}

/** Do threads share the kernel? Else the first runs it alone. */
export function isShared(kernel: Kernel): boolean {
  return usesOf(kernel).axes.has(thread);
}

export function anyShared(steps: readonly Step[]): boolean {
  return runsOf(steps).some((run) => isShared(run.kernel));
}

interface Touched {
  readonly reads: Set<string>;
  readonly writes: Set<string>;
}

/** Where one call reads and writes. */
interface Touches {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Remembers what has been read and written since all was done, to know when it must be again. */
export class Since {
  private readonly touched: Touched = { reads: new Set(), writes: new Set() };
  /** Asked whether a call must wait, and once more when it is added. */
  private readonly locations = new WeakMap<Run, Touches>();

  /** Buffers that begin at the same offset are aliases. */
  constructor(private readonly offsets: ReadonlyMap<Buffer, Index>) {}

  /** Must all that has been taken be done before these calls? */
  mustWait(runs: readonly Run[]): boolean {
    return runs.some((run) => {
      const { reads, writes } = this.locationsOf(run);
      const before = this.touched;
      return reads.some((p) => before.writes.has(p)) || writes.some((p) => before.writes.has(p) || before.reads.has(p));
    });
  }

  add(runs: readonly Run[]): void {
    for (const run of runs) {
      const { reads, writes } = this.locationsOf(run);
      for (const location of reads) this.touched.reads.add(location);
      for (const location of writes) this.touched.writes.add(location);
    }
  }

  /** Is something perhaps not done yet? */
  get open(): boolean {
    return this.touched.reads.size + this.touched.writes.size > 0;
  }

  clear(): void {
    this.touched.reads.clear();
    this.touched.writes.clear();
  }

  private locationsOf(run: Run): Touches {
    let known = this.locations.get(run);
    if (!known) {
      const { reads, writes } = accessOf(run.kernel.body);
      const own = run.kernel.sharing?.own ?? [];
      const locations = (buffers: ReadonlySet<Buffer>): string[] => {
        const found: string[] = [];
        for (const buffer of buffers) if (!own.includes(buffer)) found.push(this.locationOf(actualOf(run, buffer)));
        return found;
      };
      this.locations.set(run, (known = { reads: locations(reads), writes: locations(writes) }));
    }
    return known;
  }

  private locationOf(buffer: Buffer): string {
    return this.offsets.get(buffer)?.key ?? buffer.name;
  }
}
