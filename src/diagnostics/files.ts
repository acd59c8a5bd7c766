// What can go wrong with the files named on the command line.
import { message } from './diagnostic.js';

export const fileUnreadable = message<{ file: string; reason: string }>('file-unreadable', ({ file, reason }) => ({
  message: `${file} cannot be read: ${reason}`,
  labels: [],
}));

export const fileUnwritable = message<{ file: string; reason: string }>('file-unwritable', ({ file, reason }) => ({
  message: `${file} cannot be written: ${reason}`,
  labels: [],
}));
