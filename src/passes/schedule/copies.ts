// Copies of a layer once: nests that are the same but for the buffers they read and write become one, with parameters.
import { axis, type Axis } from '../../ir/index.js';
import { mapStores } from '../../ir/nest/traverse.js';
import type { AnyNest, Provenance } from '../../ir/program.js';
import { rewriteIndex, rewriteScalar, type Rewrite } from '../../ir/rewrite.js';
import { apply, indexValue, load, type Buffer, type Scalar } from '../../ir/scalar.js';
import { printPlace, printSource } from '../../ir/source.js';
import { common, numbersIn } from './alike.js';
import { bufferKind } from '../../ir/bufferKey.js';
import { shapeOfNest } from '../../ir/nest/key.js';
import { unique } from '../unique.js';
import { storedIn } from '../fuse/provenance.js';

/** What a copy runs instead of its own nest. */
export interface Copy {
  /** The nest of all copies, over parameters. */
  readonly nest: AnyNest;
  /** What each parameter stands for in this copy. */
  readonly given: ReadonlyMap<Buffer, Buffer>;
  /** The numbers of its random draws, where copies have any. */
  readonly numbers?: ReadonlyMap<Axis, number>;
  /** Whose it is: `h.block.7: model.nn:9`. */
  readonly copy: string;
  /** What it computes itself. */
  readonly provenance: Provenance;
}

/** Fewer copies than this are read more easily written out; those of a `repeat` are alike by what their author wrote. */
const leastCopies = { ofRepeat: 2, ofPaths: 4 };

/**
 * Finds the copies of a repeat, or of one call path that differs in its numbers, by each copy's own nest. Two nests are
 * copies where they compute the same from buffers of the same kinds and sizes, with the same aliasing. They differ in
 * at most `most` buffers and numbers.
 */
export function findCopies(nests: readonly AnyNest[], most: number): Map<AnyNest, Copy> {
  // By the text of the nest, which is long, and by what else they share.
  const groups = new Map<string, Map<string, Member[]>>();
  for (const nest of nests) {
    if (numbersIn(nest.provenance.path ?? '').length === 0) continue;
    const { text, buffers, sites } = shapeOfNest(nest);
    const alike = groups.get(text) ?? new Map<string, Member[]>();
    groups.set(text, alike);
    const shared = sharedBy(nest, buffers);
    const known = alike.get(shared);
    const member = { nest, buffers, sites };
    if (known) known.push(member);
    else alike.set(shared, [member]);
  }
  const copies = new Map<AnyNest, Copy>();
  for (const alike of groups.values())
    for (const members of alike.values())
      if (members.length >= leastOf(members[0]) && members[0].buffers.length + members[0].sites.length <= most)
        for (const [nest, copy] of copiesOf(members)) copies.set(nest, copy);
  return copies;
}

/** A repeat's copies stand in their path as numbers. */
function leastOf({ nest }: Member): number {
  const inRepeat = (nest.provenance.path ?? '').split('.').some((part) => /^\d+$/.test(part));
  return inRepeat ? leastCopies.ofRepeat : leastCopies.ofPaths;
}

interface Member {
  readonly nest: AnyNest;
  /** What it reads and writes, in the order of its text; parameters of the copies stand in the same order. */
  readonly buffers: readonly Buffer[];
  /** The numbers of its random draws, in the same order. */
  readonly sites: readonly number[];
}

/** What a nest shares with its copies beside its text. */
function sharedBy({ provenance: { path = '', phase, sources } }: AnyNest, buffers: readonly Buffer[]): string {
  return [path.replace(/\d+/g, '#'), phase, ...sources.map(printSource), ...buffers.map(bufferKind)].join('\n');
}

function* copiesOf(members: readonly Member[]): Generator<[AnyNest, Copy]> {
  const [first] = members;
  const numbers = new Map(members.map((member) => [member, numbersIn(member.nest.provenance.path ?? '')]));
  const commonOf = (text: (member: Member) => string | undefined, of = members): string | undefined =>
    common(
      of.map((member) => text(member) ?? ''),
      of.map((member) => numbers.get(member) ?? []),
    );
  // To write formulas takes time, and these tell what all have in common.
  const told = [first, members[1], members[members.length - 1]];
  // What all copies have in common, such as a rate, is no parameter.
  const differs = first.buffers.map((buffer, i) => members.some((member) => member.buffers[i] !== buffer));
  const taken = new Set(first.buffers.flatMap(({ name }, i) => (differs[i] ? [] : [name])));
  const parameters = new Map<Buffer, Buffer>();
  first.buffers.forEach((buffer, i) => {
    if (!differs[i]) return;
    const name = unique(commonOf(({ buffers }) => buffers[i].name) ?? buffer.name, taken);
    parameters.set(buffer, { ...buffer, name });
  });
  const sites = new Map(first.sites.map((site, i) => [site, axis(i === 0 ? 'site' : `site_${i + 1}`, mostSites)]));
  const { name, provenance } = first.nest;
  const nest: AnyNest = {
    ...overParameters(first.nest, parameters, sites),
    name: commonOf((member) => member.nest.name) ?? name,
    provenance: {
      ...provenance,
      formulas: provenance.formulas.map(
        (formula, i) => commonOf((member) => member.nest.provenance.formulas[i], told) ?? formula,
      ),
      path: commonOf((member) => member.nest.provenance.path),
      results: storedIn(provenance, (buffer) => parameters.get(buffer)).results,
    },
  };
  const own = new Set(first.nest.kind === 'rows' ? first.nest.rowLocal : []);
  for (const member of members) {
    const given = new Map<Buffer, Buffer>();
    first.buffers.forEach((buffer, i) => {
      const parameter = parameters.get(buffer);
      if (parameter && !own.has(buffer)) given.set(parameter, member.buffers[i]);
    });
    const drawn = new Map([...sites.values()].map((parameter, i) => [parameter, member.sites[i]]));
    yield [
      member.nest,
      {
        nest,
        given,
        ...(drawn.size > 0 && { numbers: drawn }),
        copy: ownerOf(member.nest),
        provenance: member.nest.provenance,
      },
    ];
  }
}

/** The copy that a nest belongs to, and where that is written: `h.block.7: model.nn:9`. */
function ownerOf({ provenance: { path = '', sources } }: AnyNest): string {
  const [owner = path] = /^.*\d+/.exec(path) ?? [];
  const [source] = sources;
  return source ? `${owner}: ${printPlace(source)}` : owner;
}

/** The numbers of random draws are below it. */
const mostSites = 2 ** 31;

/** The nest with other buffers instead of its own, and what its draws are numbered by. */
function overParameters(
  nest: AnyNest,
  parameters: ReadonlyMap<Buffer, Buffer>,
  sites: ReadonlyMap<number, Axis>,
): AnyNest {
  const of = (buffer: Buffer): Buffer => parameters.get(buffer) ?? buffer;
  const memo = new Map<string, Scalar>();
  const rewrite: Rewrite = {
    scalar: (value) => {
      if (value.kind === 'load') return load(of(value.from), rewriteIndex(value.at, rewrite, memo), value.lanes);
      const site = value.kind === 'number' && value.site ? sites.get(value.value) : undefined;
      return site && apply('u32', indexValue(site));
    },
  };
  const changed = mapStores(nest, ({ to, at, value }) => ({
    to: of(to),
    at: rewriteIndex(at, rewrite, memo),
    value: rewriteScalar(value, rewrite, memo),
  }));
  return changed.kind === 'rows' ? { ...changed, rowLocal: changed.rowLocal.map(of) } : changed;
}
