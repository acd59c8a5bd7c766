// The stages of a compilation: pass after pass, why it is there and what it has changed of the form that it was given.
import type { ChangedLine, PassRun } from '../compiler/services/stages.js';
import { element } from '../page/elements.js';
import type { Mounted, PaneContext } from './registry.js';
import { targetChoice } from './targetChoice.js';
import './panes.css';

/** What the forms are, in the order in which they come. */
const forms: Readonly<Record<string, string>> = {
  tree: 'what was written',
  graph: 'typed tensor operations',
  gradient: 'the graph with its gradient and the updates',
  nests: 'loops over scalar expressions',
  plans: 'loops in the order and the tiles that are best',
  kernels: 'statements, and lists of calls',
  program: 'kernels with every buffer at its place in memory',
};

export function mount(pane: HTMLElement, { ask, redo, store }: PaneContext): Mounted {
  /** The passes that are open, and stay so when the text changes. */
  const open = new Set<string>(['differentiate']);
  const target = targetChoice({ store, redo });
  const idle = element('input', { type: 'checkbox', onchange: redo });
  const list = element('div', { class: 'passes' });
  pane.append(
    element('div', { class: 'tools' }, target.label, element('label', {}, idle, ' Passes that changed nothing too')),
    list,
  );
  return {
    async update({ compiles }, signal) {
      const chosen = target.chosen();
      const runs = await ask('stages', [compiles, chosen], signal);
      list.replaceChildren(...sectionsOf(runs, idle.checked, open));
    },
    destroy: () => undefined,
  };
}

/** A heading for each form, and the passes that make or change it. */
function sectionsOf(runs: readonly PassRun[], all: boolean, open: Set<string>): HTMLElement[] {
  const made: HTMLElement[] = [];
  let form = '';
  for (const run of runs) {
    if (run.added + run.removed === 0 && !all) continue;
    if (run.form !== form) {
      form = run.form;
      made.push(element('h2', {}, form, ' ', element('small', {}, forms[form] ?? '')));
    }
    made.push(passOf(run, open));
  }
  return made;
}

/** Its lines are made when it is opened: there are thousands. */
function passOf(run: PassRun, open: Set<string>): HTMLElement {
  const { name, why, added, removed, optional } = run;
  const changes = added + removed === 0 ? 'changed nothing' : `+${added} −${removed}`;
  const details = element(
    'details',
    { open: open.has(name) },
    element(
      'summary',
      {},
      element('b', {}, name),
      ' ',
      element('span', { class: 'amount', 'aria-label': `${added} lines came, ${removed} went` }, changes),
      optional && element('span', { class: 'soft' }, ' optional'),
      element('span', { class: 'why' }, why),
    ),
  );
  const fill = (): void => {
    if (details.open) open.add(name);
    else open.delete(name);
    if (details.open && details.childElementCount === 1) details.append(changesOf(run));
  };
  details.addEventListener('toggle', fill);
  fill();
  return details;
}

function changesOf({ hunks, more }: PassRun): HTMLElement {
  const lines = hunks.flatMap((hunk, i) => [
    ...(i > 0 ? [element('span', { class: 'gap' }, '⋯\n')] : []),
    ...hunk.map(lineOf),
  ]);
  const rest = more > 0 ? [element('span', { class: 'gap' }, `${more.toLocaleString('en')} more lines\n`)] : [];
  const words = hunks.length === 0 ? ['It left the form as it was.\n'] : [];
  return element('pre', { class: 'listing', tabindex: 0, 'aria-label': 'What changed' }, ...words, ...lines, ...rest);
}

const signs: Readonly<Record<ChangedLine['kind'], string>> = { same: '  ', in: '+ ', out: '− ' };

function lineOf({ kind, text }: ChangedLine): HTMLElement {
  return element('span', { class: kind }, `${signs[kind]}${text}\n`);
}
