// Every compilation of the tests verifies what passes have made: after each of them in their own room, elsewhere at the end of each stage.
import { expect } from 'vitest';
import { verification } from '../../src/passes/verification.js';
import { full } from './full.js';

const ofPasses = /\/test\/passes\//.test(expect.getState().testPath ?? '');
verification.of = full || ofPasses ? 'passes' : 'stages';
