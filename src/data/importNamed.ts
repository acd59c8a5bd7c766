// Modules that are named at run time: a file of its own, for the command line's code comes from a cache, and what does cannot import.

/** The exports of a module: a file's address, or a package. */
export function importNamed(specifier: string): Promise<unknown> {
  return import(specifier);
}
