// Lines of the user's files, as generated code, its comments and documents name them.
import type { Node, Origin } from './graph.js';

/** A line, and the library or user function whose call there made something. */
export interface SourceLine {
  /** As it is shown: a name, or a path from where the module is written. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly call?: string;
}

/** Where a node comes from; undefined where nobody wrote it. */
export function sourceOf(node: Pick<Node, 'origin'> & { readonly origin: Origin }): SourceLine;
export function sourceOf(node: Pick<Node, 'origin'>): SourceLine | undefined;
export function sourceOf({ origin }: Pick<Node, 'origin'>): SourceLine | undefined {
  if (!origin) return undefined;
  const { file, line, calls } = origin;
  return calls.length > 0 ? { file, line, call: calls[0] } : { file, line };
}

/** `mnist.nn:9 cross_entropy` */
export function printSource(source: SourceLine): string {
  return `${printPlace(source)}${source.call === undefined ? '' : ` ${source.call}`}`;
}

/** `mnist.nn:9` */
export function printPlace({ file, line }: SourceLine): string {
  return `${file}:${line}`;
}

/** What a file is called where nobody says otherwise. */
export function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}
