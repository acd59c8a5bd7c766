// The stages of a compilation: what each pass has changed of the form that it was given.
import { structuredPatch } from 'diff';
import { makePrograms } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { passes } from '../../../../src/passes.js';
import type { Target } from '../../../../src/targets.js';

/** A line that is there before and after, only before, or only after. */
export interface ChangedLine {
  readonly kind: 'same' | 'out' | 'in';
  readonly text: string;
}

export interface PassRun {
  readonly name: string;
  readonly why: string;
  /** The form that it makes: tree, graph, gradient, nests, plans, kernels, program. */
  readonly form: string;
  readonly optional: boolean;
  /** Lines that came and went, of the form before; of a new form, all of its lines came. */
  readonly added: number;
  readonly removed: number;
  /** Stretches of lines around what has changed; of a new form its first lines. */
  readonly hunks: readonly (readonly ChangedLine[])[];
  /** Lines of changes that are not shown. */
  readonly more: number;
}

/** So many lines of a pass are shown, and a difference is looked for so long: milliseconds. */
const most = { lines: 300, time: 400 };

/** Every pass that a module of the target goes through, in order. */
export function stages(source: Source, target: Target): readonly PassRun[] {
  const runs: PassRun[] = [];
  const last = new Map<string, string>();
  let previous = '';
  makePrograms(source, {
    target,
    watch({ pass: { name, to }, target: of, print }) {
      const entry = passes.find((each) => each.name === name);
      // What follows a last line is no change of it.
      const text = `${print().trimEnd()}\n`;
      // A target begins with what all have in common.
      const before = last.get(`${of ?? ''} ${to}`) ?? last.get(` ${to}`);
      last.set(`${of ?? ''} ${to}`, text);
      const known = { name, why: entry?.why ?? '', form: to, optional: entry?.optional ?? false };
      runs.push({ ...known, ...(before === undefined ? made(previous, text) : changed(before, text)) });
      previous = text;
    },
  });
  return runs;
}

type Change = Pick<PassRun, 'added' | 'removed' | 'hunks' | 'more'>;

/** A form that was not there before: what came to the one before, where it has much in common with that. */
function made(previous: string, text: string): Change {
  const before = new Set(previous.split('\n'));
  const lines = text.split('\n');
  const same = lines.filter((line) => before.has(line)).length;
  return same > lines.length / 4 ? changed(previous, text) : begun(text);
}

/** All of a form is new. */
function begun(text: string): Change {
  const lines = text.trimEnd().split('\n');
  const shown = lines.slice(0, most.lines).map((line): ChangedLine => ({ kind: 'in', text: line }));
  return { added: lines.length, removed: 0, hunks: [shown], more: lines.length - shown.length };
}

function changed(before: string, after: string): Change {
  if (before === after) return { added: 0, removed: 0, hunks: [], more: 0 };
  const patch = structuredPatch('', '', before, after, '', '', { context: 2, timeout: most.time });
  // What differs too much to be compared in time is a new form.
  if (!patch) return begun(after);
  const hunks = patch.hunks.map(({ lines }) => lines.filter((line) => !line.startsWith('\\')).map(lineOf));
  const all = hunks.flat();
  const shown: ChangedLine[][] = [];
  let left = most.lines;
  for (const hunk of hunks) {
    if (left <= 0) break;
    shown.push(hunk.slice(0, left));
    left -= hunk.length;
  }
  const count = (kind: ChangedLine['kind']): number => all.filter((line) => line.kind === kind).length;
  return {
    added: count('in'),
    removed: count('out'),
    hunks: shown,
    more: all.length - shown.reduce((sum, hunk) => sum + hunk.length, 0),
  };
}

function lineOf(line: string): ChangedLine {
  const kind = line.startsWith('+') ? 'in' : line.startsWith('-') ? 'out' : 'same';
  return { kind, text: line.slice(1) };
}
