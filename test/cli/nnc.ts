// Runs the built command as a user would.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

const root = join(import.meta.dirname, '../..');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly cwd?: string;
  readonly input?: string;
  /** A file or device in place of the pipe that standard output, or standard error, is. */
  readonly stdout?: string;
  readonly stderr?: string;
  /** Milliseconds; 120 seconds where nothing says. */
  readonly timeout?: number;
}

/** Runs `nnc` with the arguments in a process of its own; paths start from `cwd`, by default the project. */
export function nnc(args: readonly string[], options: Options = {}): Outcome {
  const outputs = [options.stdout, options.stderr].map((path) => (path === undefined ? 'pipe' : openSync(path, 'w')));
  const outcome = spawned(process.execPath, [join(root, 'bin/nnc.js'), ...args], options, outputs);
  for (const output of outputs) if (typeof output === 'number') closeSync(output);
  return outcome;
}

/** Runs a line of shell in which `$nnc` stands for the command. */
export function shell(line: string, options: Options = {}): Outcome {
  return spawned('bash', ['-c', `nnc="${process.execPath} ${join(root, 'bin/nnc.js')}"; ${line}`], options);
}

/**
 * The same as `nnc` gives, from a process that has loaded the command before: starting one takes longer than what most commands do.
 * It loads a module of data once, however it changes.
 */
export function warm(args: readonly string[], { cwd = root }: Pick<Options, 'cwd'> = {}): Outcome {
  built();
  started ??= start();
  const { port, done } = started;
  Atomics.store(done, 0, 0);
  port.postMessage({ args, cwd });
  if (Atomics.wait(done, 0, 0, 120_000) === 'timed-out') throw new Error(`nnc ${args.join(' ')} takes too long`);
  const outcome: Outcome & { readonly error?: string } = receiveMessageOnPort(port)?.message;
  if (outcome.error !== undefined) throw new Error(outcome.error);
  return outcome;
}

let started: ReturnType<typeof start> | undefined;

function start() {
  const { port1: port, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('warmWorker.mjs', import.meta.url), {
    workerData: { port: port2, done },
    transferList: [port2],
    execArgv: [],
  });
  worker.unref();
  port.unref();
  return { port, done };
}

function built(): void {
  if (!existsSync(join(root, 'dist/parts/main.cjs'))) throw new Error('build first: npm run build');
}

function spawned(
  command: string,
  args: readonly string[],
  { cwd = root, input = '', timeout = 120_000 }: Options,
  outputs: readonly ('pipe' | number)[] = ['pipe', 'pipe'],
): Outcome {
  built();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    input,
    stdio: ['pipe', ...outputs],
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout,
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (error) throw error;
  return { status, stdout, stderr };
}
