// The script of the page that `nnc grad` writes: what is pointed at lights up with its source line, its kernel and the terms that it
// came from. It is bundled into the page, and reads what the page's elements say of themselves.
import { hearAround, tellAround } from './within/around.js';

/** A line of the derivation. */
interface Term {
  readonly item: HTMLElement;
  readonly from: readonly string[];
  readonly lines: readonly string[];
  readonly kernels: readonly string[];
}

const terms = new Map<string, Term>();
for (const item of document.querySelectorAll<HTMLElement>('#derivation li[id]')) {
  const list = (text: string | undefined): readonly string[] => text?.split(' ') ?? [];
  const { from, lines, kernels } = item.dataset;
  terms.set(item.id.slice(1), { item, from: list(from), lines: list(lines), kernels: list(kernels) });
}
const told = document.querySelector<HTMLElement>('#told');
const hint = told?.textContent ?? '';
const isWide = matchMedia('(min-width: 1000px)');
/** What a click has kept. */
let kept: Element | undefined;
let shown: Element | undefined;

/** What is pointed at: a term in a formula, a line of the derivation, a line of the source, a kernel. */
function subjectOf(target: EventTarget | null): Element | undefined {
  if (!(target instanceof Element)) return undefined;
  const term = target.closest<HTMLElement>('mrow[data-t]');
  const found = term ? terms.get(term.getAttribute('data-t') ?? '')?.item : undefined;
  return found ?? target.closest('#derivation li[id], #source li, details.kernel') ?? undefined;
}

function show(subject: Element | undefined): void {
  if (subject === shown) return;
  shown = subject;
  clear();
  if (!subject) {
    tell(hint);
    return;
  }
  subject.classList.add('own');
  const id = subject.id.slice(1);
  const own = terms.get(id);
  if (subject.id.startsWith('t') && own) showTerm(id, own);
  else showSide(subject, subject.id.startsWith('L') ? 'lines' : 'kernels', id);
}

function clear(): void {
  for (const lit of document.querySelectorAll('.own, .from, .to')) lit.classList.remove('own', 'from', 'to');
}

/** A term with its line and kernels, the terms that it came from, and those that come from it. */
function showTerm(id: string, { item, from, lines, kernels }: Term): void {
  const later = [...terms].filter(([, term]) => term.from.includes(id)).map(([other]) => other);
  for (const other of from) light(other, 'from');
  for (const other of later) light(other, 'to');
  for (const at of document.querySelectorAll(`mrow[data-t="${id}"]`)) at.classList.add('own');
  for (const at of item.querySelectorAll('mrow[data-t]')) at.classList.add('from');
  for (const line of lines) lightAside(`L${line}`);
  tellAround(lines.map(Number));
  for (const kernel of kernels) lightAside(`k${kernel}`);
  const parts = [
    nameOf(item),
    named('comes from', from.map(nameOfTerm)),
    named('goes into', later.map(nameOfTerm)),
    named(
      'source',
      lines.map((line) => `line ${line}`),
    ),
    named('kernel', kernels.map(nameOfKernel)),
  ];
  tell(parts.filter((part) => part !== '').join(' · '));
}

/** The terms of lines that the page around this one points at. */
function showLines(lines: readonly number[]): void {
  shown = undefined;
  clear();
  const first = lines.flatMap((line) => lightTerms('lines', String(line)))[0]?.item;
  first?.scrollIntoView({ block: 'nearest' });
}

function lightTerms(of: 'lines' | 'kernels', id: string): readonly Term[] {
  const own = [...terms.values()].filter((term) => term[of].includes(id));
  for (const { item } of own) item.classList.add('own');
  return own;
}

/** A line of the source or a kernel, with its terms and what lies opposite. */
function showSide(subject: Element, of: 'lines' | 'kernels', id: string): void {
  const own = lightTerms(of, id);
  const opposite = of === 'lines' ? 'kernels' : 'lines';
  for (const other of new Set(own.flatMap((term) => term[opposite])))
    lightAside(`${opposite === 'lines' ? 'L' : 'k'}${other}`);
  const first = own.at(0)?.item;
  if (first && isWide.matches) first.scrollIntoView({ block: 'nearest' });
  const name = of === 'lines' ? `line ${id}` : nameOf(subject);
  tell(
    [
      name,
      named(
        'terms',
        own.map(({ item }) => nameOf(item)),
      ),
    ]
      .filter((part) => part !== '')
      .join(' · '),
  );
}

function light(id: string, as: 'from' | 'to'): void {
  terms.get(id)?.item.classList.add(as);
}

/** What lies in another pane comes into view where panes stand side by side. */
function lightAside(id: string): void {
  const found = document.getElementById(id);
  found?.classList.add('own');
  if (isWide.matches) found?.scrollIntoView({ block: 'nearest' });
}

function named(word: string, names: readonly string[]): string {
  const most = 6;
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.length === 0 ? '' : `${word} ${names.slice(0, most).join(', ')}${more}`;
}

function nameOfTerm(id: string): string {
  const item = terms.get(id)?.item;
  return item ? nameOf(item) : '';
}

function nameOfKernel(id: string): string {
  const found = document.getElementById(`k${id}`);
  return found ? nameOf(found) : '';
}

/** As the page says it itself. */
function nameOf(element: Element): string {
  return element.getAttribute('data-name') ?? element.querySelector('b')?.textContent ?? '';
}

function tell(text: string): void {
  if (told) told.textContent = text;
}

/** Where the pointer was last: what scrolls by beneath it is not pointed at. */
let pointer = { x: -1, y: -1 };
document.addEventListener('pointermove', ({ target, clientX: x, clientY: y }) => {
  if (x === pointer.x && y === pointer.y) return;
  pointer = { x, y };
  if (!kept) show(subjectOf(target));
});
document.addEventListener('focusin', ({ target }) => {
  const subject = target instanceof HTMLElement && target.matches('a, summary') ? subjectOf(target) : undefined;
  if (subject) {
    kept = undefined;
    show(subject);
  }
});
document.addEventListener('click', ({ target }) => {
  const subject = subjectOf(target);
  kept = subject === kept ? undefined : subject;
  show(subject);
  if (target instanceof Element) {
    const to = target.closest('a')?.getAttribute('href')?.slice(1);
    const folded = to === undefined ? null : document.getElementById(to);
    if (folded instanceof HTMLDetailsElement) folded.open = true;
  }
});
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  kept = undefined;
  show(undefined);
});

hearAround((lines) => {
  kept = undefined;
  showLines(lines);
});

/** On paper everything is open; afterwards as it was. */
const opened = new Set<HTMLDetailsElement>();
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll<HTMLDetailsElement>('details:not([open])')) {
    opened.add(folded);
    folded.open = true;
  }
});
addEventListener('afterprint', () => {
  for (const folded of opened) folded.open = false;
  opened.clear();
});
