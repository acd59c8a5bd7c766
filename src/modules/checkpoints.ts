// Of a checkpoint of one model what another model has as well: which of its numbers outlive an edit.
import { readHeader, writeTensors } from '../codegen/runtime/safetensors.js';

export interface Carried {
  readonly file: Uint8Array;
  /** With what the optimizer remembers of parameters that stay, and its counts. */
  readonly resumes: boolean;
}

/**
 * The second checkpoint with the numbers of the first, by names and shapes. What an optimizer remembers goes along with its counts, where the
 * other remembers and counts the same. Throws where one is no checkpoint.
 */
export function carried(from: Uint8Array, to: Uint8Array): Carried {
  const [old, own] = [from, to].map((file) => readHeader(file, (why) => new Error(why)));
  const kinds = ({ metadata, tensors }: typeof own): string =>
    [...new Set([...Object.keys(metadata), ...[...tensors.keys()].flatMap((name) => slotOf(name) ?? [])])]
      .sort()
      .join();
  const resumes = kinds(old) === kinds(own);
  // An average that the first does not keep begins, where it is lacking, with what it is the average of.
  const isNewAverage = (name: string): boolean =>
    name.endsWith('.ema') && own.tensors.has(name.slice(0, -'.ema'.length)) && !old.tensors.has(name);
  const wanted = [...own.tensors].filter(([name]) => !isNewAverage(name));
  const tensors = wanted.map(([name, { dtype, shape, from: start, to: end }]) => {
    const before = old.tensors.get(name);
    const fits = before?.dtype === dtype && String(before.shape) === String(shape);
    const bytes =
      fits && (resumes || slotOf(name) === undefined) ? from.slice(before.from, before.to) : to.slice(start, end);
    return { name, shape, data: dtype === 'I32' ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer) };
  });
  return { file: writeTensors(tensors, resumes ? old.metadata : own.metadata), resumes };
}

/** What an optimizer calls what it remembers: m of `optimizer/W/m`. */
function slotOf(name: string): string | undefined {
  return /^optimizer\/.*(\/[^/]*)$/.exec(name)?.[1];
}
