// What must hold of a kernel that threads share: rounds of parallel loops are apart, own memory is filled before it is read, and all threads
// meet at barriers.
import { axesOf, coefficient, equal, type Axis, type Index } from './index.js';
import { printAddress } from './printProgram.js';
import type { Kernel, Statement } from './program.js';
import type { Buffer, Scalar } from './scalar.js';
import { accessOf } from './access.js';
import { withinRound } from './nest/rowStride.js';
import { visitStatements } from './statements.js';
import { thread } from './threads.js';
import { elementsOf, someScalar } from './walk.js';

type Loop = Statement & { readonly kind: 'loop' };
type Store = Statement & { readonly kind: 'store' };
type Load = Scalar & { readonly kind: 'load' };

/** What is wrong with what a kernel says of threads, a sentence each. `outer` are the axes that are bound around it. */
export function faultsOfSharing(kernel: Kernel, outer: ReadonlySet<Axis>): string[] {
  const { body, sharing, scratch } = kernel;
  const own = new Set(sharing?.own);
  const { exposed } = accessOf(body);
  return [
    ...[...own, ...scratch].flatMap((buffer) =>
      exposed.has(buffer) ? [`reads ${buffer.name}, which is its own, before it has stored anything there`] : [],
    ),
    ...loopsOf(body).flatMap((loop) => (loop.parallel ? faultsOfParallel(loop, own, outer) : [])),
    ...faultsOfBarriers(body, { varying: new Set([thread]), apart: false, inGroup: false }),
  ];
}

function loopsOf(body: readonly Statement[]): Loop[] {
  const found: Loop[] = [];
  visitStatements(body, { statement: (s) => void (s.kind === 'loop' && found.push(s)) });
  return found;
}

/** Rounds do not depend on one another, and write what no other does, or the same. */
function faultsOfParallel({ axis, body }: Loop, own: ReadonlySet<Buffer>, outer: ReadonlySet<Axis>): string[] {
  const inside = new Set<string>();
  const outside: string[] = [];
  const stores: Store[] = [];
  const loads: Load[] = [];
  // What moves with the axis: other axes are computed from it, or go over bounds that are.
  const moving = new Set([axis]);
  const mentions = (at: Index): boolean => someAxis(at, (a) => moving.has(a));
  visitStatements(body, {
    statement(s) {
      if (s.kind === 'let') inside.add(s.name);
      else if (s.kind === 'set' && !inside.has(s.name)) outside.push(s.name);
      else if (s.kind === 'store' && !own.has(s.to)) stores.push(s);
      else if (s.kind === 'index' && mentions(s.value)) moving.add(s.axis);
      else if (s.kind === 'loop' && [s.from, s.to, s.last].some((bound) => bound && mentions(bound)))
        moving.add(s.axis);
    },
    scalar: (value) => void (value.kind === 'load' && loads.push(value)),
  });
  // Where an element of the round says where, rounds that say the same store the same: nobody reads there.
  const isChosen = (to: Buffer, at: Index): boolean =>
    !loads.some(({ from }) => from === to) && [...axesOf(at)].some((a) => moving.has(a));
  const byBuffer = new Map<Buffer, Store[]>();
  for (const store of stores) byBuffer.set(store.to, [...(byBuffer.get(store.to) ?? []), store]);
  return [
    ...outside.map((name) => `rounds over ${axis.name} depend on one another by ${name}`),
    ...stores.flatMap(({ to, at }) =>
      mentions(at) || isChosen(to, at)
        ? []
        : [`every round over ${axis.name} stores into ${to.name}[${printAddress(at)}]`],
    ),
    ...loads.flatMap(({ from, at }) => {
      const here = byBuffer.get(from);
      if (!here) return [];
      // Another round of a loop around the kernel has stored the other parts of a longer tensor.
      const { row } = withinRound(at, outer);
      const rivals = here.filter((store) => withinRound(store.at, outer).row === row);
      return rivals.length === 0 || rivals.some((store) => movesAlike(at, store.at, axis))
        ? []
        : [`rounds over ${axis.name} read ${from.name}[${printAddress(at)}], which others may store`];
    }),
  ];
}

/** Do both addresses go with the axis in the same steps, as far as can be told? */
function movesAlike(a: Index, b: Index, axis: Axis): boolean {
  if (equal(a, b)) return true;
  const [inA, inB] = [coefficient(a, axis), coefficient(b, axis)];
  return (
    inA === undefined || inB === undefined || (inB.terms.length === 0 && inA.terms.length === 0) || equal(inA, inB)
  );
}

interface Control {
  /** Axes that are not the same for all threads. */
  readonly varying: ReadonlySet<Axis>;
  /** Do threads go different ways here? */
  readonly apart: boolean;
  readonly inGroup: boolean;
}

/** Every thread comes to each barrier, as often as the others. */
function faultsOfBarriers(body: readonly Statement[], control: Control): string[] {
  const varying = new Set(control.varying);
  const isVarying = (axis: Axis): boolean => varying.has(axis);
  // Of what is read nobody knows that all threads read the same.
  const differs = (index: Index): boolean =>
    someAxis(index, isVarying) ||
    elementsOf(index).some((element) =>
      someScalar(element, (part) => {
        if (part.kind === 'index') return someAxis(part.of, isVarying);
        return part.kind === 'load' || part.kind === 'local';
      }),
    );
  return body.flatMap((s): string[] => {
    switch (s.kind) {
      case 'barrier':
        return control.apart ? ['has a barrier to which not all threads come'] : [];
      case 'index':
        if (differs(s.value)) varying.add(s.axis);
        return [];
      case 'if': {
        const inside = { ...control, varying, apart: control.apart || s.less.some(differs) };
        return [...faultsOfBarriers(s.then, inside), ...faultsOfBarriers(s.else, inside)];
      }
      case 'loop': {
        const bounds = [s.from, s.to, s.last].some((bound) => bound && differs(bound));
        // Threads of a workgroup are so many; of a kernel without one, some have no place.
        const apart = control.apart || bounds || (s.as === 'thread' && !control.inGroup);
        const inside = s.as === 'thread' || bounds ? new Set([...varying, s.axis]) : varying;
        return faultsOfBarriers(s.body, { varying: inside, apart, inGroup: control.inGroup || s.as === 'group' });
      }
      case 'let':
      case 'set':
      case 'store':
      case 'transpose':
        return [];
      default:
        return s satisfies never;
    }
  });
}

function someAxis({ terms }: Index, test: (axis: Axis) => boolean): boolean {
  return terms.some(({ atoms }) =>
    atoms.some((part) => {
      if (part.kind === 'axis') return test(part);
      return part.kind === 'quotient' && (someAxis(part.of, test) || someAxis(part.by, test));
    }),
  );
}
