// Which layer a result or a buffer belongs to: a path of bindings and instances, empty for the model itself.
import type { Provenance, Result, TrainerProgram } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';

/** `h.gru` of `h.gru.W`. */
export function layerOfParameter(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')));
}

/**
 * The layer that a path leads to: the innermost instance on it. What library layers call things inside is no layer of the user's; where
 * no instance is on it, it is the binding itself.
 */
export function layersOf({ parameters, states }: TrainerProgram): (path: string) => string {
  const instances = new Set<string>();
  for (const { name } of [...parameters, ...states])
    for (let path = layerOfParameter(name); path !== ''; path = layerOfParameter(path)) instances.add(path);
  return (path) => {
    for (let at = path; at !== ''; at = layerOfParameter(at)) if (instances.has(at)) return at;
    return path.split('.')[0];
  };
}

const named: ReadonlySet<Buffer['space']> = new Set(['parameter', 'state']);

/** The layer of what is stored: that of a parameter, else where what is stored was written. */
export function ownerOf({ to, node }: Result): string {
  if (named.has(to.space)) return layerOfParameter(to.name);
  // A slot is called after its parameter.
  if (to.space === 'slot') return layerOfParameter(layerOfParameter(to.name));
  return node.origin?.path ?? '';
}

/** The layers of all buffers that results and the model's own tensors are in. */
export function ownersOf(provenances: readonly Provenance[], program: TrainerProgram): Map<Buffer, string> {
  const owners = new Map<Buffer, string>();
  for (const { results } of provenances)
    for (const result of results) if (!owners.has(result.to)) owners.set(result.to, ownerOf(result));
  for (const { name, buffer } of [...program.parameters, ...program.states]) owners.set(buffer, layerOfParameter(name));
  for (const { parameter, buffer } of program.slots) owners.set(buffer, layerOfParameter(parameter));
  return owners;
}
