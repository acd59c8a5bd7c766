// Examples that take longer reach what their pages say, trained to the end.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trainExample, type Example } from '../examples/train.js';

const examples = join(import.meta.dirname, '../../examples');

describe('lenet', () => {
  it('reads at least 98.9 % of the test digits', async () => {
    const { test } = await trainExample('lenet/lenet.nn', { target: 'wasm' });
    expect(test?.accuracy).toBeGreaterThan(0.989);
  });
});

describe('oscillator', () => {
  it('solves its equation to a thousandth', async () => {
    const { test } = await trainExample('oscillator/oscillator.nn', { target: 'wasm' });
    expect(test?.error).toBeLessThan(1e-3);
  });
});

describe('siamese', () => {
  it('names at least 93 % of the test digits after their nearest training digit', async () => {
    const { trainer, test } = await trainExample('siamese/siamese.nn', { target: 'wasm' });
    expect(test?.neighbour).toBeGreaterThan(0.93);
    const { rightByNeighbour } = (await import(join(examples, 'siamese/neighbours.mjs'))) as {
      readonly rightByNeighbour: (trainer: Example) => number;
    };
    expect(rightByNeighbour(trainer)).toBeGreaterThan(0.93);
  });
});

describe('moby-dick', () => {
  it('foresees more than two in five characters of chapters that it has not read', async () => {
    const { data, test } = await trainExample('moby-dick/moby-dick.nn', { target: 'wasm' });
    expect([data.train.rows, data.test?.rows]).toEqual([16_911, 1_676]);
    expect(test?.loss).toBeLessThan(1.8);
    expect(test?.right).toBeGreaterThan(0.45);
  });
});

describe('gru', () => {
  it('foresees more than half of the characters of chapters that it has not read', async () => {
    const { test } = await trainExample('gru/gru.nn', { target: 'wasm' });
    expect(test?.loss).toBeLessThan(1.52);
    expect(test?.right).toBeGreaterThan(0.54);
  });
});

describe('vae', () => {
  it('tells digits that it has not seen in less than 106 nats', async () => {
    const { test } = await trainExample('vae/vae.nn', { target: 'wasm' });
    expect(test?.loss).toBeLessThan(106);
  });
});

describe('gan', () => {
  it('forges digits of every kind, many of them beyond doubt, after half of its epochs', async () => {
    const { trainer } = await trainExample('gan/gan.nn', { target: 'wasm', epochs: 4 });
    const { normals } = await import(join(examples, 'vae/sample.mjs'));
    const { generator } = await import(join(examples, 'moby-dick/write.mjs'));
    const { reading, trainedReader } = await import(join(examples, 'gan/judge.mjs'));
    const { sample } = trainer.predict({ z: normals(64 * 1000, generator(1)) });
    const pictures = Array.from(sample, (share) => 255 * share);
    const { sure, kinds, score } = reading(await trainedReader(2), pictures);
    expect(sure).toBeGreaterThan(0.3);
    expect(Math.min(...(kinds as number[]))).toBeGreaterThan(10);
    expect(score).toBeGreaterThan(4);
  });
});

describe('autoencoder', () => {
  it('restores digits that it has not seen from 16 numbers', async () => {
    const { trainer, data, test } = await trainExample('autoencoder/autoencoder.nn', { target: 'wasm' });
    expect([data.train.rows, data.test?.rows]).toEqual([60_000, 10_000]);
    expect(test?.error).toBeLessThan(0.012);
    const { restored, z } = trainer.predict({ image: (data.test?.inputs.image ?? []).slice(0, 784 * 10) });
    expect([restored.length, z.length]).toEqual([7840, 160]);
  });
});
