// The script of a worker that is a language server: `new Worker(…)` of it, and it answers.
import { serveOver, type Port } from './browser.js';

declare const self: Port;

serveOver(self);
