// What an import ends in: the formatted text of a .nn file, and the weights by its own names.
import { writeTensors } from '../codegen/runtime/safetensors.js';
import { Fault, type Diagnostic } from '../diagnostics/diagnostic.js';
import { importWeights } from '../diagnostics/imports.js';
import { check } from '../compile.js';
import { format } from '../format/format.js';
import type { ModelGraph } from '../ir/model.js';
import type { Draft, Placed } from './draft.js';
import { tensorsFrom } from './weights/convert.js';
import { fitsOf, Names, type Binding } from './weights/fit.js';
import { singlesOf, tensorsOf, wholesOf, type Instance } from './weights/instances.js';
import { spellingsOf } from './weights/layouts.js';
import { bytesOf, type Foreign } from './weights/stored.js';

export interface Imported {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** A checkpoint of the model, where there are weights. */
  readonly weights?: Uint8Array;
}

/** Tensors one after another. `complete`: none is left out that changes nothing, such as a bias of 0; else by names of Keras. */
export interface Tensors {
  readonly bytes: Uint8Array;
  readonly tensors: readonly Foreign[];
  readonly complete?: true;
}

/** `file`: what the .nn file will be called; `from`: what is imported. */
export function written(
  draft: Draft,
  {
    file,
    from,
    note,
    weights,
  }: { readonly file: string; readonly from: string; readonly note: string; readonly weights?: Tensors | undefined },
): Imported {
  const raw = draft.text(note);
  const { text = raw } = format({ file, text: raw });
  const { model, diagnostics } = check({ file, text });
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (!model || errors.length > 0 || !weights) return { text, diagnostics: errors };
  return { text, diagnostics: [], weights: checkpointOf(model, draft.placed, weights, from) };
}

function checkpointOf(model: ModelGraph, placed: readonly Placed[], given: Tensors, from: string): Uint8Array {
  const store = new Filled(given);
  const bindings = layersOf(model, placed).flatMap((instance): readonly Binding[] => {
    const place = placed.find(({ path }) => path === instance.path);
    const own = place ? store.of(place, instance) : [];
    const [fit] = fitsOf(instance, new Names(own));
    if (fit) return fit.bindings;
    const [layer = instance.path] = place?.source ?? [];
    throw new Fault(
      importWeights({
        file: from,
        path: instance.path,
        layer,
        found: own.map(({ name, of = name, shape }) => `${of} [${shape.join(', ')}]`),
      }),
    );
  });
  const checkpoint = { file: from, bytes: store.bytes(), tensors: [], metadata: {} };
  const tensors = tensorsFrom(checkpoint, { bindings, missing: [], left: [] });
  return writeTensors(tensors, { format: 'nnc', model: model.name });
}

/** Wholes where they were imported as such; layers that the file itself declares hold their tensors together as the library's do. */
function layersOf(model: ModelGraph, placed: readonly Placed[]): readonly Instance[] {
  const all = tensorsOf(model);
  const wholes = wholesOf(all).filter(({ path }) => placed.some((place) => place.path === path));
  const taken = new Set(wholes.flatMap(({ tensors }) => tensors.map(({ name }) => name)));
  const singles = singlesOf(all.filter(({ name }) => !taken.has(name)));
  const found = new Map(wholes.map((whole): [string, Instance] => [whole.path, whole]));
  for (const single of singles) {
    const dot = single.path.lastIndexOf('.');
    const place =
      single.layer === undefined ? placed.find(({ path }) => path === single.path.slice(0, dot)) : undefined;
    if (!place) found.set(single.path, single);
    else {
      const own = single.tensors.map((kept) => ({ ...kept, local: single.path.slice(dot + 1) }));
      const before = found.get(place.path)?.tensors ?? [];
      found.set(place.path, { path: place.path, layer: place.layer, tensors: [...before, ...own] });
    }
  }
  return [...found.values()];
}

/** The tensors of a file, and those that it leaves out because they change nothing: scales of 1, biases of 0. */
class Filled {
  private readonly more: Uint8Array[] = [];
  private end: number;

  constructor(private readonly given: Tensors) {
    this.end = given.bytes.length;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.end);
    let at = 0;
    for (const part of [this.given.bytes, ...this.more]) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** What belongs to a layer of ours, as modules of their own. */
  of({ source, layer }: Placed, { tensors }: Instance): readonly Foreign[] {
    const found = this.sourced(source);
    if (this.given.complete) return found;
    const module = found[0]?.parts.slice(0, -1) ?? [];
    const spellings = spellingsOf(layer, 'keras') ?? {};
    const names = new Set(found.map(({ parts }) => parts.at(-1)));
    const lacking = tensors.filter(({ local }) => !names.has(spellings[local]?.[0]?.name));
    if (found.length === 0 && tensors.length > lacking.length) return [];
    return [
      ...found,
      ...lacking.flatMap(({ local, shape }): readonly Foreign[] => {
        const spelling = spellings[local]?.[0];
        if (!spelling || local === 'W' || local === 'U') return [];
        const name = [...module, spelling.name].join('/');
        // Two rows of biases.
        const whole = spelling.part ? [spelling.part.of, ...shape] : shape;
        return [this.filled(name, whole, local === 'scale' || local === 'variance' ? 1 : 0)];
      }),
    ];
  }

  private filled(name: string, shape: readonly number[], value: number): Foreign {
    const count = shape.reduce((n, size) => n * size, 1);
    const bytes = bytesOf(new Float32Array(count).fill(value), 'F32');
    const from = this.end;
    this.more.push(bytes);
    this.end += bytes.length;
    return { name, dtype: 'F32', shape, from, to: this.end, parts: name.split('/') };
  }

  /** Of a layer, of one of its directions, or of the second of the two convolutions of a separable one. */
  private sourced([layer, part]: readonly string[]): readonly Foreign[] {
    const own = this.given.tensors.filter(({ parts }) => parts.includes(layer));
    if (part === 'forward' || part === 'backward')
      return own.filter(({ parts }) => parts.some((each) => each.startsWith(part)));
    const isSeparable = own.some(({ parts }) => parts.at(-1) === 'pointwise_kernel');
    if (!isSeparable) return own;
    if (part !== 'pointwise') return own.filter(({ parts }) => parts.at(-1) === 'depthwise_kernel');
    return own
      .filter(({ parts }) => parts.at(-1) !== 'depthwise_kernel')
      .map((tensor) => ({
        ...tensor,
        parts: tensor.parts.map((each) => (each === 'pointwise_kernel' ? 'kernel' : each)),
      }));
  }
}
