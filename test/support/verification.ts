// Compilations of the tests verify what passes have made: in the room of passes after each of them, elsewhere at the end of each stage, by every third test.
import { beforeEach, expect } from 'vitest';
import { verification } from '../../src/passes/verification.js';
import { full } from './full.js';

const ofPasses = full || /\/test\/passes\//.test(expect.getState().testPath ?? '');
verification.of = ofPasses ? 'passes' : 'stages';

// Verifying is a quarter of compiling, and most models are compiled by many tests.
let tests = 0;
if (!ofPasses)
  beforeEach(() => {
    verification.of = tests++ % 3 === 0 ? 'stages' : 'nothing';
  });
