// A worker that answers questions about a model: started twice, for what the editor asks while one types, and for what takes longer.
import { Fault } from '../../../src/diagnostics/diagnostic.js';
import type { Question, Reply } from './protocol.js';
import { services } from './services.js';

const answer = (reply: Reply): void => postMessage(reply);

addEventListener('message', ({ data, ports }: MessageEvent<Question>) => void reply(data, ports));

async function reply({ id, name, asked }: Question, ports: readonly MessagePort[]): Promise<void> {
  try {
    const service = (await services[name]()) as (...asked: readonly unknown[]) => unknown;
    answer({ id, kind: 'answer', answer: await service(...asked, ...ports) });
  } catch (error) {
    answer({ id, kind: 'failure', message: saidOf(error) });
  }
}

/** What users cause comes with what was found and what may help, a line each. */
function saidOf(error: unknown): string {
  if (!(error instanceof Fault)) return error instanceof Error ? error.message : String(error);
  const { message, notes = [], help } = error.diagnostic;
  return [message, ...notes, ...(help === undefined ? [] : [help])].join('\n');
}
