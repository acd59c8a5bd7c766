// Stands between who waits for an outcome, blocked, and the process that makes it.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';

const { port, done } = workerData;
const child = fork(join(import.meta.dirname, 'warmProcess.mjs'), [], {
  execArgv: [],
  stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  env: { ...process.env, NO_COLOR: '1' },
});
let said = '';
child.stderr.on('data', (text) => (said += text));

function answer(outcome) {
  port.postMessage(outcome);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}

child.on('message', answer);
child.on('exit', (code) => answer({ error: `the process of commands has ended (${code}): ${said}` }));
port.on('message', (call) => child.send(call));
