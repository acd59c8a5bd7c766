// What `nnc explain` prints for people: layers as a tree, memory at its peak, kernels by their share of the work.
import type { Costs, Explanation, KernelCosts } from '../inspect/explain/costs.js';
import type { Layer } from '../inspect/explain/tree.js';
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
    ...tableLines(layerColumns, layerRows(title.model, tree, total), terminal),
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
  ...['parameters', 'forward', 'backward', 'update', 'read', 'written', 'FLOP/byte', 'kept', 'at peak'].map(right),
  right('dispatches'),
];

function layerRows(model: string, tree: Layer, total: Costs): string[][] {
  const rows: string[][] = [[model, ...cells(total)]];
  const walk = (layers: readonly Layer[], indent: string): void => {
    let hidden = 0;
    for (const layer of layers) {
      if (hidden-- > 0) continue;
      const { copies = 1 } = layer;
      const last = Number(layer.name) + copies - 1;
      hidden = copies - 1;
      const name = copies > 1 ? `${layer.name} to ${last}, each` : layer.name;
      rows.push([`${indent}${name}`, ...cells(layer.total)]);
      walk(layer.layers, `${indent}  `);
    }
  };
  walk(tree.layers, '  ');
  const { own } = tree;
  if (Object.values(own).some((amount) => amount > 0)) rows.push(['  (in no layer)', ...cells(own)]);
  return rows;
}

function cells(costs: Costs): string[] {
  const { trained, frozen, forward, backward, update, read, written, kept, peak, dispatches } = costs;
  const flops = forward + backward + update;
  return [
    countText(trained) + (frozen > 0 ? ` + ${countText(frozen)} frozen` : ''),
    flopsText(forward),
    flopsText(backward),
    flopsText(update),
    bytesText(read),
    bytesText(written),
    flops === 0 ? '' : intensityOf(flops, read + written).toFixed(2),
    kept === 0 ? '' : bytesText(kept),
    peak === 0 ? '' : bytesText(peak),
    dispatches === 0 ? '' : String(dispatches),
  ];
}

/** Operations for each byte that is moved. */
export function intensityOf(flops: number, bytes: number): number {
  return bytes === 0 ? 0 : flops / bytes;
}

function kernelLines(kernel: KernelCosts, total: Costs): string[] {
  const { name, calls, flops, read, written, sources, ops, plan, phase } = kernel;
  const all = total.forward + total.backward + total.update;
  const share = `${((100 * flops) / Math.max(1, all)).toFixed(1)}%`.padStart(6);
  const times = calls === 1 ? '' : `, ${calls} calls`;
  const fused = [...ops].map(([op, count]) => (count > 1 ? `${count} ${op.name}` : op.name)).join(', ');
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

function countText(value: number): string {
  return value === 0 ? '' : value.toLocaleString('en');
}

/** `12.8 M`. */
function flopsText(value: number): string {
  if (value === 0) return '';
  const [scaled, unit] =
    value >= 1e9
      ? [value / 1e9, ' G']
      : value >= 1e6
        ? [value / 1e6, ' M']
        : value >= 1e4
          ? [value / 1e3, ' k']
          : [value, ''];
  return unit === '' ? String(scaled) : `${scaled.toPrecision(3)}${unit}`;
}

/** `1.5 MiB`. */
function bytesText(value: number): string {
  if (value === 0) return '';
  const power = Math.min(3, Math.floor(Math.log2(value) / 10));
  return power === 0 ? `${value} B` : `${(value / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
}
