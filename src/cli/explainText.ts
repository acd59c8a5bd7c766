// What `nnc explain` prints for people: layers as a tree, memory at its peak, kernels by their share of the work.
import { costCells, costHeads, fusedText } from '../inspect/explain/cells.js';
import type { Costs, Explanation, KernelCosts } from '../inspect/explain/costs.js';
import { layerRows, type Layer } from '../inspect/explain/tree.js';
import { bytesText, flopsText } from '../inspect/explain/units.js';
import type { ValueExplanation } from '../inspect/explain/value.js';
import type { MemoryUse } from '../inspect/memory.js';
import { namesTogether } from '../inspect/print/sections.js';
import { printPlace } from '../ir/source.js';
import type { TableUpdate } from '../passes/derive/derive.js';
import { tableLines, type Column } from './table.js';

export interface Terminal {
  readonly colour: boolean;
  readonly width?: number;
}

/** What is explained, and at which sizes. */
export interface Title {
  readonly model: string;
  readonly target: string;
  readonly sizes: ReadonlyMap<string, number>;
}

/** What a step updates of tables, by their names. */
export type Tables = ReadonlyMap<string, TableUpdate>;

/** Arithmetic, bytes and dispatches by layer, then what lives at the peak, then kernels. */
export function explanationText(
  title: Title,
  { entry, total, kernels, peak }: Explanation,
  tree: Layer,
  memory: MemoryUse,
  tables: Tables,
  terminal: Terminal,
): string {
  const sizes = [...title.sizes].map(([name, value]) => `, ${name} ${value}`).join('');
  const what = entry === 'step' ? 'one training step' : entry === 'gradients' ? 'gradients' : 'one prediction';
  const live = peak.buffers.slice(0, mostLive);
  const rest = peak.buffers.slice(mostLive).reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `${title.model}  ${what} on ${title.target}${sizes}`,
    '',
    ...tableLines(
      layerColumns,
      layerRows(title.model, tree, total).map(({ depth, name, costs }) => [
        `${'  '.repeat(depth)}${name}`,
        ...cells(costs),
      ]),
      terminal,
    ),
    '',
    `at the peak, in ${peak.kernel}, ${bytesText(peak.bytes)} live; the trainer takes ${bytesText(memory.total)}`,
    ...live.map(({ name, kind, bytes }) => `  ${bytesText(bytes).padStart(10)}  ${name} (${kind})`),
    ...(rest > 0 ? [`  ${bytesText(rest).padStart(10)}  ${peak.buffers.length - mostLive} others`] : []),
    ...tableNotes(tables),
    '',
    'kernels, by their share of the arithmetic',
    ...[...kernels].sort((a, b) => b.flops - a.flops).flatMap((kernel) => ['', ...kernelLines(kernel, total)]),
  ].join('\n');
}

/** What a step updates of each table, and why it is all rows. */
export function tableNotes(tables: Tables): string[] {
  const notes = [...tables].map(([name, update]) => {
    const rows = update.kind === 'named' ? 'the rows that indices name' : `all rows: ${update.why}`;
    return `  ${name}: ${rows}`;
  });
  return notes.length === 0 ? [] : ['', 'of tables, a step updates', ...notes];
}

const mostLive = 8;

const right = (title: string): Column => ({ title, align: 'right' });

const layerColumns: readonly Column[] = [
  { title: 'layer', align: 'left' },
  ...[...costHeads, 'at peak', 'dispatches'].map(right),
];

function cells(costs: Costs): string[] {
  const { peak, dispatches } = costs;
  return [...costCells(costs), bytesText(peak), dispatches === 0 ? '' : String(dispatches)];
}

function kernelLines(kernel: KernelCosts, total: Costs): string[] {
  const { name, calls, flops, read, written, sources, ops, plan, phase } = kernel;
  const all = total.forward + total.backward + total.update;
  const share = `${((100 * flops) / Math.max(1, all)).toFixed(1)}%`.padStart(6);
  const times = calls === 1 ? '' : `, ${calls} calls`;
  const fused = fusedText(ops);
  const places = [...new Set(sources.map(printPlace))].join(', ');
  const moved = `reads ${bytesText(read)}, writes ${bytesText(written)}`;
  return [
    `${share}  ${name}  ${phase}${times}, ${flopsText(flops) || '0'} FLOP, ${moved}`,
    ...(fused === '' ? [] : [`        fuses ${fused}`]),
    ...(places === '' ? [] : [`        from ${places}`]),
    ...plan.split('\n').flatMap((line) => (line.trim() === '' ? [] : [`        ${line.trim()}`])),
  ];
}

/** A value with what it is made of and its gradient. */
export function valueText(value: ValueExplanation): string {
  const { name, kind, type, source, formula, equation, within = [], rules, reads, inputs, parameters } = value;
  const { readers, trained, gradient } = value;
  const behind = [...inputs, ...parameters].filter((other) => !reads.includes(other));
  const line = (title: string, text: string | undefined): string[] =>
    text === undefined || text === '' ? [] : [`${title.padEnd(11)} ${text}`];
  const what = kind === 'parameter' ? `${trained ? 'trained' : 'frozen'} parameter` : kind;
  return [
    `${name}: ${type}  ${what}${source === '' ? '' : `  ${source}`}`,
    ...within.map((each) => line('within', each)).flat(),
    ...line('formula', equation ?? (formula && `${name} = ${formula}`)),
    ...(rules ?? []).flatMap(({ rule, upstream, local }) => [
      ...line('rule', rule),
      ...line('upstream', upstream),
      ...line('local', local),
    ]),
    ...line('made of', reads.join(', ')),
    ...line('behind it', namesTogether(behind).join(', ')),
    ...line('read by', readers.join(', ')),
    // A derivative's own derivative is not asked for, and a line of a gradient alone may be told in others.
    ...line('gradient', gradient ?? (equation === undefined ? 'the loss has no derivative by it' : undefined)),
  ].join('\n');
}
