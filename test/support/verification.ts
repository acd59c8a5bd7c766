// Every compilation of the tests verifies what each pass has made.
import { verification } from '../../src/passes/verification.js';

verification.always = true;
