// The digits of mnist without their names: 60,000 to train on and 10,000 to test with.
import * as mnist from '../mnist/data.mjs';

export const train = { image: mnist.train.image };
export const test = { image: mnist.test.image };
