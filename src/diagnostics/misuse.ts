// Programs that call a function with what it does not take: TypeErrors, as a compiled module throws them.
import { listed, readable } from './quote.js';

/** Each option of a function, with its choices where it has some. */
type Known = Readonly<Record<string, readonly string[] | undefined>>;

/** Throws where options are no object, one is not known, or one is none of its choices. */
export function requireOptions(callee: string, options: object, known: Known): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${callee}: options are an object`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw new TypeError(`${callee} has no option ${readable(name)}; it takes ${listed(Object.keys(known))}`);
    const choices = known[name];
    if (choices && value !== undefined && !choices.includes(value))
      throw new TypeError(`${callee}: ${name} is one of ${listed(choices)}; it was given ${readable(String(value))}`);
  }
}

/** Throws where what stands for a path is no text. */
export function requirePath(callee: string, path: string): void {
  if (typeof path !== 'string') throw new TypeError(`${callee}: a path is a string`);
}
