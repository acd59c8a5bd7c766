// Runs commands one after another in a process that has loaded them: what they write is caught.
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What has been written to standard output and standard error. */
let written = { 1: [], 2: [] };
const { writeSync } = fs;
fs.writeSync = (descriptor, bytes, at = 0, ...rest) => {
  if (!(descriptor in written)) return writeSync(descriptor, bytes, at, ...rest);
  const part = Buffer.from(bytes.subarray(at));
  written[descriptor].push(part);
  return part.length;
};
syncBuiltinESMExports();
for (const [descriptor, stream] of [
  [1, process.stdout],
  [2, process.stderr],
])
  stream.write = (text) => written[descriptor].push(Buffer.from(text)) > 0;

const { main } = createRequire(import.meta.url)(join(root, 'dist/parts/main.cjs'));

async function run({ args, cwd }) {
  process.chdir(cwd);
  process.argv = [process.execPath, join(root, 'bin/nnc.js'), ...args];
  process.exitCode = undefined;
  written = { 1: [], 2: [] };
  await main();
  process.removeAllListeners('uncaughtException');
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error');
  const [stdout, stderr] = [written[1], written[2]].map((parts) => Buffer.concat(parts).toString());
  return { status: process.exitCode ?? 0, stdout, stderr };
}

process.on('message', async (call) => process.send(await run(call)));
process.on('disconnect', () => process.exit());
