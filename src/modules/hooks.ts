// What Node asks of where a module comes from: a .nn file is compiled when it is imported.
import type { LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildModule } from './build.js';

/** Compiles .nn files; other modules are left to Node. Throws what `nnc check` says where there are errors. */
export const load: LoadHook = async (url, context, next) => {
  const { protocol, pathname, search } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.nn')) return next(url, context);
  const {
    code,
    map = '',
    errors,
    warnings,
  } = await buildModule(fileURLToPath(url.slice(0, url.length - search.length)), search);
  for (const { text } of warnings) process.stderr.write(`${text}\n\n`);
  if (code === undefined) throw errorOf(errors.map(({ text }) => text).join('\n\n'));
  const inline = Buffer.from(map).toString('base64');
  const source = `${code}//# sourceMappingURL=data:application/json;base64,${inline}\n`;
  return { format: 'module', shortCircuit: true, source };
};

/** An error that is shown as its text alone, below the word Error: where it was thrown says nothing of the model. */
function errorOf(text: string): Error {
  const error = new Error(`\n${text}\n`);
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
