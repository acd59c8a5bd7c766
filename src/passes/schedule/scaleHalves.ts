// What is stored times the scale of the loss: kernels multiply where they store it, and divide where they load it.
import { toIndex, zero } from '../../ir/index.js';
import type { Kernel, Nest, Statement } from '../../ir/program.js';
import { rewriteScalar } from '../../ir/rewrite.js';
import { runsOf } from '../../ir/runs.js';
import { apply, isLanes, load, local, number, splat, type Buffer, type Scalar } from '../../ir/scalar.js';
import { mapStatement, visitStatements } from '../../ir/statements.js';
import { unique } from '../unique.js';
import { lower } from './lower/lower.js';
import { plan } from './plan/plan.js';
import { mapKernels, type Kernels } from './works.js';

/**
 * In every kernel. An entry begins by noting the scale and its reciprocal, since a step makes another scale of it before its last gradients
 * are read.
 */
export function scaleHalves(all: Kernels): Kernels {
  const noted: Buffer = { name: 'scale_of_loss', space: 'arena', dtype: 'f32', length: toIndex(2) };
  const note = noting(all, noted);
  const scaled = mapKernels(all, (kernel) => scaleIn(kernel, noted));
  const isScaled = new Set(scaled.kernels.filter((kernel) => !all.kernels.includes(kernel)));
  const entries = scaled.entries.map((entry) => {
    if (!runsOf(entry.steps).some(({ kernel }) => isScaled.has(kernel))) return entry;
    // Behind what JavaScript computes.
    const first = entry.steps.findIndex((step) => step.kind !== 'run' || !step.host);
    return { ...entry, steps: entry.steps.toSpliced(first, 0, { kind: 'run', kernel: note }) };
  });
  return { ...scaled, kernels: isScaled.size > 0 ? [note, ...scaled.kernels] : scaled.kernels, entries };
}

/** The kernel that notes them. */
function noting({ buffers, target, estimate, kernels }: Kernels, noted: Buffer): Kernel {
  const scale = load(buffers.lossScale().value, zero);
  const names = new Set(kernels.map(({ name }) => name));
  const nest: Nest = {
    kind: 'nest',
    name: unique(noted.name, names),
    axes: [],
    stores: [
      { to: noted, at: zero, value: scale },
      { to: noted, at: toIndex(1), value: apply('div', number(1), scale) },
    ],
    provenance: {
      formulas: ['scale_of_loss = (loss_scale, 1 / loss_scale)'],
      sources: [],
      phase: 'forward',
      results: [],
    },
  };
  return lower(plan(nest, target, estimate), target);
}

/** The scale is a power of two: what is multiplied and divided by it stays what it was. */
function scaleIn(kernel: Kernel, noted: Buffer): Kernel {
  const { loads, stores, lets } = usesIn(kernel);
  if (!loads && !stores) return kernel;
  const [up, down] = ['loss_scale', 'loss_unscale'].map((word) => local(unique(word, lets), 'f32'));
  const memo = new Map<string, Scalar>();
  const unscaled = (value: Scalar): Scalar =>
    rewriteScalar(
      value,
      { scalar: (part) => (part.kind === 'load' && part.from.scaled ? times(part, down) : undefined) },
      memo,
    );
  const scaled = (s: Statement): Statement => {
    if (s.kind === 'store' && s.to.scaled) return { ...s, value: times(s.value, up) };
    if (s.kind === 'loop') return { ...s, body: s.body.map(scaled) };
    return s.kind === 'if' ? { ...s, then: s.then.map(scaled), else: s.else.map(scaled) } : s;
  };
  const before: Statement[] = [
    ...(stores ? [letOf(up, load(noted, zero))] : []),
    ...(loads ? [letOf(down, load(noted, toIndex(1)))] : []),
  ];
  return { ...kernel, body: [...before, ...kernel.body.map((s) => scaled(mapStatement(s, unscaled)))] };
}

function times(value: Scalar, by: Scalar): Scalar {
  return apply('mul', value, isLanes(value) ? splat(by) : by);
}

function letOf(named: Scalar, value: Scalar): Statement {
  if (named.kind !== 'local') throw new Error('a let has a name');
  return { kind: 'let', name: named.name, value };
}

function usesIn(kernel: Kernel) {
  const found = { loads: false, stores: false, lets: new Set<string>() };
  visitStatements(kernel.body, {
    statement(s) {
      if (s.kind === 'store' && s.to.scaled) found.stores = true;
      if (s.kind === 'let') found.lets.add(s.name);
    },
    scalar(value) {
      if (value.kind === 'load' && value.from.scaled) found.loads = true;
    },
  });
  return found;
}
