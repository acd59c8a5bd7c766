// Models of other frameworks, by what their files are.
import { asLetters, spellsName } from '../diagnostics/name.js';
import { builtins } from '../passes/elaborate/builtins.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { importMalformed } from '../diagnostics/imports.js';
import { draftOfKeras } from './keras/import.js';
import { isRecord, modelIn } from './keras/json.js';
import { manifestIn } from './keras/weights.js';
import { graphIn } from './onnx/graph.js';
import { draftOfOnnx } from './onnx/import.js';
import { checkpointIn } from './weights/stored.js';
import { written, type Imported } from './written.js';

export interface ImportOptions {
  /** What the file is called. */
  readonly from: string;
  /** What the .nn file will be called. */
  readonly file: string;
  /** What the model is called where nobody gave it a name. */
  readonly name: string;
  /** Reads a file beside the one that is imported. */
  readonly read: (name: string) => Uint8Array;
  /** Weights by the paths of Keras' variables, in a safetensors file. */
  readonly weights?: { readonly file: string; readonly bytes: Uint8Array };
}

/** A model of Keras or TensorFlow.js, of its JSON. Throws a Fault, or gives diagnostics, where it cannot be. */
export function importJson(text: string, { from, file, name, read, weights: given }: ImportOptions): Imported {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Fault(importMalformed({ file: from, reason: 'it is not JSON' }));
  }
  const model = modelIn(from, json);
  const third = isRecord(json) && (typeof json.module === 'string' || String(json.keras_version).startsWith('3.'));
  const called = /^(sequential|functional|model)(_?\d+)?$/.test(model.name) ? name : model.name;
  const names = builtins.map((builtin) => builtin.name);
  const { draft, diagnostics } = draftOfKeras(from, model, { name: nameOf(called), third, builtins: names });
  if (diagnostics.length > 0) return { text: '', diagnostics };
  const weights = given ? checkpointIn(given.file, given.bytes) : manifestIn(from, json, read);
  return written(draft, { file, from: given?.file ?? from, note: noteOf(from), weights });
}

/** A model of an ONNX file, as importJson does. */
export function importOnnx(bytes: Uint8Array, { from, file, name }: Omit<ImportOptions, 'read' | 'weights'>): Imported {
  const graph = graphIn(from, bytes);
  const called = /^(main_graph|torch_jit|graph|main|)$/.test(graph.name) ? name : graph.name;
  const names = builtins.map((builtin) => builtin.name);
  const { draft, weights, diagnostics } = draftOfOnnx(from, graph, { name: nameOf(called), builtins: names });
  if (diagnostics.length > 0) return { text: '', diagnostics };
  return written(draft, { file, from, note: noteOf(from), weights });
}

function noteOf(from: string): string {
  return `Imported from ${from.replace(/^.*[/\\]/, '')}.`;
}

function nameOf(text: string): string {
  const plain = asLetters(text).replace(/^_+|_+$/g, '');
  return spellsName(plain) ? plain : `model_${plain}`;
}
