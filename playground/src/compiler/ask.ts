// The page's side of the workers: a question at a time, and what nobody waits for any more is given up.
import type { Answer, Asked, Question, Reply, ServiceName } from './protocol.js';

/** A question that was called off. */
export class CalledOff extends Error {
  constructor() {
    super('called off');
  }
}

interface Waiting {
  readonly question: Question;
  readonly signal?: AbortSignal;
  readonly answered: (answer: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** A worker is stopped, rather than waited for, when it has been busy for so long with what nobody wants: milliseconds. */
const patience = 300;

/** A worker that answers questions; its name is for who looks on. */
export function compilerWorker(name: string): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name });
}

/** A worker that is started when it is first asked, and again when it had to be stopped. */
export class Asker {
  private worker: Worker | undefined;
  private current: Waiting | undefined;
  private readonly queue: Waiting[] = [];
  private next = 0;

  constructor(private readonly name: string) {}

  /** Asks a service. Where the signal comes first, the promise is rejected with CalledOff. */
  ask<Name extends ServiceName>(name: Name, asked: Asked<Name>, signal?: AbortSignal): Promise<Answer<Name>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new CalledOff());
      const question = { id: this.next++, name, asked };
      const waiting: Waiting = { question, signal, answered: resolve as (answer: unknown) => void, failed: reject };
      signal?.addEventListener('abort', () => this.callOff(waiting), { once: true });
      this.queue.push(waiting);
      this.advance();
    });
  }

  private advance(): void {
    if (this.current) return;
    this.current = this.queue.shift();
    if (this.current) this.started().postMessage(this.current.question);
  }

  private started(): Worker {
    if (this.worker) return this.worker;
    const worker = compilerWorker(this.name);
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.hear(data));
    worker.addEventListener('error', ({ message }) =>
      this.stop(new Error(message || 'the worker could not be loaded')),
    );
    this.worker = worker;
    return worker;
  }

  private hear(reply: Reply): void {
    const { current } = this;
    if (!current || current.question.id !== reply.id) return;
    this.current = undefined;
    if (reply.kind === 'answer') current.answered(reply.answer);
    else current.failed(new Error(reply.message));
    this.advance();
  }

  private callOff(waiting: Waiting): void {
    waiting.failed(new CalledOff());
    const at = this.queue.indexOf(waiting);
    if (at >= 0) this.queue.splice(at, 1);
    else if (this.current === waiting)
      setTimeout(() => {
        if (this.current === waiting) this.stop(new CalledOff());
      }, patience);
  }

  private stop(error: Error): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.current?.failed(error);
    this.current = undefined;
    this.advance();
  }
}
