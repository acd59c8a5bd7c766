// Has Node load the compiler's source itself, where a process of tests imports this file first.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Threads of a trainer, which are started with what their process was, load none of it.
if (isMainThread) register('./nativeHooks.mjs', import.meta.url);
