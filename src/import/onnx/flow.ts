// Values on their way through an ONNX graph, and the weights that are gathered for the layers that are made of it.
import { Fault } from '../../diagnostics/diagnostic.js';
import { importMalformed, importUnsupported } from '../../diagnostics/imports.js';
import type { Draft, Line } from '../draft.js';
import { bytesOf, type Foreign } from '../weights/stored.js';
import type { Tensors } from '../written.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './graph.js';

export type Value =
  | { readonly kind: 'flow'; readonly line: Line; readonly form?: Form }
  | { readonly kind: 'constant'; readonly name: string; readonly tensor: OnnxTensor }
  /** Sizes that are computed: an error where something but a start of 0 is made of them. */
  | { readonly kind: 'sizes'; readonly node: OnnxNode };

/**
 * How ONNX has a value that lies here in another way: time before the batch; after a recurrent layer, with an axis of directions
 * behind the time ([T, directions, batch, n], or [T, batch, directions, n]); with two axes of size 1 behind the channels.
 */
export type Form = 'time first' | 'directions' | 'directions last' | 'pooled';

export interface Importing {
  readonly file: string;
  readonly draft: Draft;
  readonly weights: Store;
  /** The name of the first size of the inputs. */
  readonly batch: string;
}

export function unsupported(file: string, node: OnnxNode, reason: string, help?: string): Fault {
  return new Fault(importUnsupported({ file, what: `the node ${calledOf(node)}`, place: node.place, reason, help }));
}

function calledOf({ operator, name }: OnnxNode): string {
  return name === '' ? operator : `${name} (${operator})`;
}

/** Leaves a graph that goes against ONNX; `what`: as in `takes h, which nothing gives`. */
export function malformedNode(file: string, node: OnnxNode, what: string): Fault {
  return new Fault(importMalformed({ file, reason: `the node ${calledOf(node)} ${what}`, place: node.place }));
}

export function numberOf(node: OnnxNode, name: string, otherwise: number): number {
  const value = node.attributes.get(name);
  return typeof value === 'number' ? value : otherwise;
}

export function textOf(node: OnnxNode, name: string, otherwise: string): string {
  const value = node.attributes.get(name);
  return typeof value === 'string' ? value : otherwise;
}

export function numbersOf(node: OnnxNode, name: string): readonly number[] | undefined {
  return listIn(node.attributes.get(name));
}

function listIn(value: OnnxAttribute | undefined): readonly number[] | undefined {
  if (typeof value !== 'object') return undefined;
  return 'numbers' in value ? Array.from(value.numbers) : value;
}

/** The numbers of an input that is known, or of the attribute that older versions have for it. */
export function given(
  node: OnnxNode,
  values: readonly (Value | undefined)[],
  at: number,
  attribute: string,
): readonly number[] | undefined {
  const value = values[at];
  return value?.kind === 'constant' ? Array.from(value.tensor.numbers) : numbersOf(node, attribute);
}

/** Weights by the names that PyTorch has for them, each layer a module of its own. */
export class Store {
  private readonly tensors: Foreign[] = [];
  private readonly parts: Uint8Array[] = [];
  private end = 0;
  private readonly known = new Set<string>();

  /** A module that nothing else has, called as the node that it is made of. */
  module({ name, place }: OnnxNode): string {
    return name === '' ? place : `${name} at ${place}`;
  }

  /** The same, or that of weights which others have as well. */
  moduleOf(node: OnnxNode, shared: string | undefined): { readonly module: string; readonly isNew: boolean } {
    const module = shared ?? this.module(node);
    const isNew = !this.known.has(module);
    this.known.add(module);
    return { module, isNew };
  }

  /** `of`: what the file calls the tensor that it is, or a part of. */
  add(parts: readonly string[], shape: readonly number[], numbers: ArrayLike<number>, of: string): void {
    const bytes = bytesOf(Float32Array.from(numbers), 'F32');
    this.tensors.push({
      name: parts.join('/'),
      dtype: 'F32',
      shape,
      from: this.end,
      to: this.end + bytes.length,
      parts,
      ...(of !== '' && { of }),
    });
    this.parts.push(bytes);
    this.end += bytes.length;
  }

  all(): Tensors {
    const bytes = new Uint8Array(this.end);
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, tensors: this.tensors, complete: true };
  }
}
