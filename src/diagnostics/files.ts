// What can go wrong with the files named on the command line.
import { message } from './diagnostic.js';

export const fileUnreadable = message<{ file: string; reason: string }>('file-unreadable', ({ file, reason }) => ({
  message: `${file} cannot be read: ${reason}`,
  labels: [],
}));

export const outputUnwritable = message<{ stream: string; reason: string }>(
  'output-unwritable',
  ({ stream, reason }) => ({ message: `${stream} cannot be written: ${reason}`, labels: [] }),
);

export const runExists = message<{ folder: string }>('run-exists', ({ folder }) => ({
  message: `${folder} holds a run already`,
  labels: [],
  help: 'name another folder, or overwrite it with --force',
}));

export const fileUnwritable = message<{ file: string; reason: string }>('file-unwritable', ({ file, reason }) => ({
  message: `${file} cannot be written: ${reason}`,
  labels: [],
}));
