// What can be taken away: the module, the checkpoint, the whole as a project.
import type { Asker } from '../compiler/ask.js';
import type { PlaygroundStore } from '../state.js';
import type { Session } from '../training/session.js';
import { drawerOf, type Choice } from './drawer.js';
import { element } from './elements.js';

interface Item extends Choice {
  readonly make: () => Promise<File | undefined>;
}

export function takeAwayDialog(
  store: PlaygroundStore,
  compiling: Asker,
  training: Session,
  say: (message: string) => void,
): HTMLDialogElement {
  const stem = (): string => store.get().source.file.replace(/\.nn$/, '');
  const moduleAs = async (service: 'emit' | 'emitJavaScript', ending: string): Promise<File | undefined> => {
    const { compiles, target } = store.get();
    const text = compiles && (await compiling.ask(service, [compiles, { target }]));
    return text === undefined ? undefined : new File([text], `${stem()}.${ending}`, { type: 'text/plain' });
  };
  const bytes = (made: Uint8Array | undefined, ending: string): File | undefined =>
    made && new File([made as Uint8Array<ArrayBuffer>], `${stem()}.${ending}`, { type: 'application/octet-stream' });
  const items: readonly Item[] = [
    {
      title: 'Module in TypeScript',
      about: 'The trainer for the target that training runs on: one file without dependencies.',
      make: () => moduleAs('emit', 'ts'),
    },
    {
      title: 'Module in JavaScript',
      about: 'The same, to be imported as it is.',
      make: () => moduleAs('emitJavaScript', 'js'),
    },
    {
      title: 'Checkpoint',
      about: 'Weights and optimizer as they are now, as safetensors.',
      make: async () => bytes(await training.checkpoint(), 'safetensors'),
    },
    {
      title: 'Project',
      about: 'Model, module, data, weights and a program for Node, as a zip.',
      make: async () => bytes(await training.project(), 'zip'),
    },
    {
      title: 'Model',
      about: 'The text of the editor.',
      make: () => Promise.resolve(new File([store.get().source.text], store.get().source.file, { type: 'text/plain' })),
    },
  ];
  const take = async ({ title, make }: Item): Promise<void> => {
    say(`${title}: being made …`);
    try {
      const file = await make();
      if (!file) return say('The model has errors, or its data do not fit: there is nothing to take away yet');
      save(file);
      say(`${file.name} is saved`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return drawerOf('Download', items, (item) => void take(item));
}

function save(file: File): void {
  const href = URL.createObjectURL(file);
  element('a', { href, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
