// `node --import nnc/register app.mjs`: programs import .nn files as modules.
import { createRequire, register } from 'node:module';

register('./hooks.js', import.meta.url);

// Compiling takes longer than `require` waits: without this it would read a model as JavaScript.
createRequire(import.meta.url).extensions['.nn'] = (_, file) => {
  throw new TypeError(
    `require cannot compile a model: await import(${JSON.stringify(file)}), or import it from a module`,
  );
};
