// What a step computes on its way forward, evaluate and predict compute by the same nests, so that a module has their code once.
import { estimated, type Estimate } from '../../ir/nest/sizes.js';
import { linksOfNest, type NestLinks } from '../../ir/nest/links.js';
import type { Work } from '../../ir/program.js';
import { runsOf } from '../../ir/runs.js';
import type { Buffer } from '../../ir/scalar.js';
import type { EntryNests, Nests } from '../entries.js';
import type { Call } from './works.js';

/**
 * Calls of the step in place of nests that differ from the step's in what they keep. What predict runs computes values of the model alone;
 * what evaluate runs besides, a loss, may compute as many for derivatives.
 */
export function reuseForward(nests: Nests): Nests {
  const { entries, estimate } = nests;
  const [step, predict] = ['step', 'predict'].map((wanted) => entries.find(({ name }) => name === wanted));
  if (!step || !predict) return nests;
  const made = makersAmong(step.calls ?? []);
  const shares = made.calls.map((call, place) => shareOfDerivatives(call, made.links[place], estimate));
  const predicted = reusing(predict, [{ ...made, mayRun: (place) => shares[place] === 0 }]);
  const known: Source = { ...makersAmong(predicted.calls ?? []), mayRun: () => true };
  const become = (entry: EntryNests): EntryNests => {
    if (entry === predict) return predicted;
    return entry.name === 'evaluate' ? reusing(entry, [known, { ...made, mayRun: (p) => shares[p] <= 1 / 2 }]) : entry;
  };
  return { ...nests, entries: entries.map(become) };
}

interface Makers {
  readonly calls: readonly Work<Call>[];
  readonly links: readonly NestLinks[];
  /** The place of the only call that writes a buffer; undefined where there are several. */
  readonly of: ReadonlyMap<Buffer, number | undefined>;
}

/** What another entry runs, and which of its calls this one may run. */
interface Source extends Makers {
  readonly mayRun: (place: number) => boolean;
}

function makersAmong(calls: readonly Work<Call>[]): Makers {
  const links = calls.map(linksOfWork);
  const of = new Map<Buffer, number | undefined>();
  links.forEach(({ writes }, place) => {
    for (const to of writes) of.set(to, of.has(to) ? undefined : place);
  });
  return { calls, links, of };
}

/** What a call, or all calls of a loop, read from outside and write. */
function linksOfWork(work: Work<Call>): NestLinks {
  if (work.kind === 'run') return linksOfNest(work.unit.nest);
  const all = runsOf([work]).map(({ unit }) => linksOfNest(unit.nest));
  const writes = new Set(all.flatMap((each) => [...each.writes]));
  return { reads: new Set(all.flatMap((each) => [...each.reads])), writes };
}

/** What one call makes for the next. */
function isMade({ space }: Buffer): boolean {
  return space === 'arena' || space === 'scratch';
}

/** A call, by the source that has it. */
interface Found {
  readonly source: Makers;
  readonly place: number;
}

/** The entry with calls of others wherever they make what it reads, of the first source that can; then come what is left of its own. */
function reusing(entry: EntryNests, sources: readonly Source[]): EntryNests {
  const own = makersAmong(entry.calls ?? []);
  const given = new Set(own.links.flatMap(({ reads }) => [...reads].filter((buffer) => !isMade(buffer))));
  const known = new Map<Buffer, Found | undefined>();
  const isThere = (buffer: Buffer): boolean => (isMade(buffer) ? find(buffer) !== undefined : given.has(buffer));
  const find = (buffer: Buffer): Found | undefined => {
    if (known.has(buffer)) return known.get(buffer);
    // What a loop alone writes and reads, one of its rounds makes.
    const fits = (source: Source, place: number): boolean =>
      source.mayRun(place) && [...source.links[place].reads].every((b) => source.of.get(b) === place || isThere(b));
    let found: Found | undefined;
    for (const source of sources) {
      const place = source.of.get(buffer);
      if (!found && place !== undefined && fits(source, place)) found = { source, place };
    }
    known.set(buffer, found);
    return found;
  };
  const wanted = new Map([...sources, own].map((source): [Makers, Set<number>] => [source, new Set()]));
  const open = entry.results.map(({ buffer }) => buffer);
  for (let buffer = open.pop(); buffer; buffer = open.pop()) {
    if (!isMade(buffer)) continue;
    const { source, place } = find(buffer) ?? { source: own, place: own.of.get(buffer) };
    // What several calls write together stays as it is.
    if (place === undefined) return entry;
    const places = wanted.get(source);
    if (!places || places.has(place)) continue;
    places.add(place);
    open.push(...source.links[place].reads);
  }
  const calls = [...wanted].flatMap(([source, places]) =>
    [...places].sort((a, b) => a - b).map((place) => source.calls[place]),
  );
  return { ...entry, calls };
}

/** Which part of what a call computes are derivatives; Infinity where it changes what lives across steps, or does not run on the device alone. */
function shareOfDerivatives(work: Work<Call>, { writes }: NestLinks, estimate: Estimate): number {
  if (work.kind === 'repeat' || work.unit.host || ![...writes].every(isMade)) return Infinity;
  const count = { forward: 0, backward: 0, update: 0 };
  for (const { phase, to } of work.unit.nest.provenance.results) {
    // The scale of a loss is the step's alone.
    if (to.scaled) return Infinity;
    count[phase] += estimated(to.length, estimate);
  }
  return count.update > 0 ? Infinity : count.backward / (count.forward + count.backward);
}
