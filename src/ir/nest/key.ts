// A text that two nests share exactly when they compute the same into the same buffers: kernels are made once for all entries.
import { bufferKey } from '../bufferKey.js';
import type { Axis, Index } from '../index.js';
import type { AnyNest, Nest } from '../program.js';
import type { Buffer, Scalar } from '../scalar.js';

/**
 * Axes count in the order in which the walk meets them, but those of loops around the nest, which are themselves; everything else is by
 * value. Explicit nests have keys of their own.
 * `keyOf` tells buffers apart, and `siteOf` the numbers of random draws; the walk asks for one wherever the text has it.
 */
export function keyOfNest(
  nest: AnyNest,
  keyOf: (buffer: Buffer) => string = bufferKey,
  siteOf: (site: number) => string = String,
): string {
  const numbers = new Map<Axis, number>();
  const texts = new Map<string, number>();
  const bind = (a: Axis): string => {
    let n = numbers.get(a);
    if (n === undefined) numbers.set(a, (n = numbers.size));
    return `a${n}`;
  };
  const axis = (a: Axis): string => (numbers.has(a) ? bind(a) : `#${a.id}`);
  const index = (of: Index): string =>
    of.terms
      .map(
        (t) =>
          `${t.factor}*${t.atoms
            .map((part) => {
              if (part.kind === 'axis') return axis(part);
              if (part.kind === 'size') return part.name;
              if (part.kind === 'quotient') return `(${index(part.of)})/(${index(part.by)})`;
              return `[${scalar(part.of)}]`;
            })
            .sort()
            .join('*')}`,
      )
      .sort()
      .join('+');
  const known = new Map<string, string>();
  const scalar = (value: Scalar): string => {
    const before = known.get(value.key);
    if (before !== undefined) return before;
    const text = write(value);
    // A sub-expression met before stands by its number, so that shared ones are written once.
    let n = texts.get(text);
    if (n === undefined) texts.set(text, (n = texts.size));
    known.set(value.key, `e${n}`);
    return `e${n}`;
  };
  const parts: string[] = [];
  const write = (value: Scalar): string => {
    switch (value.kind) {
      case 'number':
        return value.site ? `site ${siteOf(value.value)}` : value.key;
      case 'local':
        return value.key;
      case 'index':
        return `<${index(value.of)}>`;
      case 'load':
        return `${keyOf(value.from)}[${index(value.at)}]`;
      case 'apply':
        return `${value.op}(${value.args.map(scalar).join(',')})`;
      case 'fold':
        return `${value.op}{${value.over.map((a) => `${bind(a)}<${index(a.extent)}`).join(',')}}${scalar(value.body)}`;
      case 'splat':
        return `splat(${scalar(value.of)})`;
      case 'lane':
        return `lane${value.at}(${scalar(value.of)})`;
      default:
        return value satisfies never;
    }
  };
  const plain = (n: Nest): void => {
    parts.push(`for ${n.axes.map((a) => `${bind(a)}<${index(a.extent)}`).join(',')}`);
    if (n.ordered)
      parts.push(`along ${axis(n.ordered.axis)} ${n.ordered.reverse ? 'back' : 'on'} from ${n.ordered.start}`);
    for (const store of n.stores) parts.push(`${keyOf(store.to)}[${index(store.at)}]=${scalar(store.value)}`);
  };
  if (nest.kind === 'nest') plain(nest);
  else {
    parts.push(
      `rows ${bind(nest.row)}<${index(nest.row.extent)} local ${nest.rowLocal.map((b) => `${keyOf(b)}:${index(b.length)}`).join(',')}`,
    );
    nest.parts.forEach(plain);
    if (nest.totals) parts.push('totals');
    nest.totals?.forEach(plain);
  }
  parts.push([...texts.keys()].join(';'));
  return parts.join('\n');
}
