// `node --import nnc/register app.mjs`: programs import .nn files as modules.
import { register } from 'node:module';

register('./hooks.js', import.meta.url);
