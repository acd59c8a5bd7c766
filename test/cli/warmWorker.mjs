// Stands between who waits for an outcome, blocked, and the process that makes it.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';

const { port, done } = workerData;
let child;
let awaited = false;

/** Another process takes the place of one that has ended. */
function start() {
  const started = fork(join(import.meta.dirname, 'warmProcess.mjs'), [], {
    execArgv: ['--interrupt-budget=600000'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let said = '';
  started.stderr.on('data', (text) => (said += text));
  started.stdout.resume();
  started.on('message', answer);
  started.on('exit', (code) => {
    child = undefined;
    answer({ error: `the process of commands has ended (${code}): ${said}` });
  });
  return started;
}

function answer(outcome) {
  if (!awaited) return;
  awaited = false;
  port.postMessage(outcome);
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}

port.on('message', (call) => {
  awaited = true;
  child ??= start();
  child.send(call);
});
