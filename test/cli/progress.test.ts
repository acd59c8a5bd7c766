// Progress: plain lines in a pipe, a bar that redraws on a terminal.
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chartLines } from '../../src/cli/runs/chart.js';
import { clock, formatNumber, formatValues, progressOn, type Moment } from '../../src/cli/progress.js';

const moment: Moment = {
  epoch: 2,
  epochs: 4,
  step: 30,
  steps: 60,
  rows: 5760,
  stepsMade: 90,
  values: { loss: 0.25, accuracy: 0.9 },
};

function screen(
  isTTY: boolean,
  columns?: number,
): { text: string; isTTY: boolean; columns?: number; write(text: string): void } {
  return {
    text: '',
    isTTY,
    columns,
    write(text) {
      this.text += text;
    },
  };
}

describe('progress', () => {
  it('writes lines alone where nobody watches', () => {
    const pipe = screen(false);
    const display = progressOn(pipe);
    display.step(moment);
    display.line('epoch 2/4  loss 0.2500');
    display.end();
    expect(display.live).toBe(false);
    expect(pipe.text).toBe('epoch 2/4  loss 0.2500\n');
  });

  it('draws a bar with values, speed and time left', () => {
    const terminal = screen(true, 100);
    let time = 0;
    const display = progressOn(terminal, () => time);
    time = 3000;
    display.step(moment);
    // 90 of 240 steps took 3 seconds: 30 a second, and 5 seconds are left.
    expect(stripVTControlCharacters(terminal.text)).toBe(
      `${'━'.repeat(12)}${'─'.repeat(11)}  0:05 left  epoch 2/4  step 30/60  loss 0.2500  accuracy 0.9000  30 steps/s`,
    );
    time = 6000;
    display.step({ ...moment, step: 60, stepsMade: 120, checked: 0.25 });
    expect(stripVTControlCharacters(terminal.text).split('\r')[1]).toBe(
      `${'━'.repeat(6)}${'─'.repeat(17)}  0:06 left  epoch 2/4  validation  loss 0.2500  accuracy 0.9000  20 steps/s`,
    );
  });

  it('redraws only some times a second, and never wider than the terminal', () => {
    const terminal = screen(true, 40);
    let time = 0;
    const display = progressOn(terminal, () => time);
    for (time = 0; time < 1000; time += 5) display.step(moment);
    const drawn = stripVTControlCharacters(terminal.text)
      .split('\r')
      .filter((line) => line !== '');
    expect(drawn.length).toBeLessThan(20);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(40);
  });

  it('clears the bar before a line', () => {
    const terminal = screen(true, 100);
    const display = progressOn(terminal, () => 0);
    display.step(moment);
    display.line('done');
    expect(terminal.text.endsWith('\r\u001b[2Kdone\n')).toBe(true);
  });
});

describe('numbers', () => {
  it('keep what matters', () => {
    expect([0, 0.25, 0.9787, 12.34567, 1234.567, 2.5e-5, 3e7, NaN, -0.5].map(formatNumber)).toEqual([
      '0',
      '0.2500',
      '0.9787',
      '12.3457',
      '1234.6',
      '2.500e-5',
      '3.000e+7',
      'NaN',
      '-0.5000',
    ]);
    expect(formatValues({ loss: 1, accuracy: 0.5 }, 'validation ')).toBe(
      'validation loss 1.0000  validation accuracy 0.5000',
    );
  });

  it('tell time', () => {
    expect([0, 41, 61, 3723].map(clock)).toEqual(['0:00', '0:41', '1:01', '1:02:03']);
  });
});

describe('the chart at the end', () => {
  const epochs = Array.from({ length: 200 }, (_, i) => ({
    ...{ epoch: i + 1, step: i + 1, seconds: 0, train: { loss: 1 / (i + 1) }, validation: { loss: 1 } },
  }));

  it('draws the losses as wide as there is room', () => {
    const lines = chartLines(epochs, 60, false);
    expect(lines[0].trim()).toBe('loss, validation loss, by epoch');
    expect(lines).toHaveLength(10);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines[1]).toMatch(/^ +1\.0000 [┤┼]/);
    expect(chartLines(epochs, 60, true).join('')).toContain('\u001b[');
  });

  it('is left out where there is nothing to draw', () => {
    expect(chartLines(epochs.slice(0, 1), 80, false)).toEqual([]);
    expect(chartLines(epochs, 20, false)).toEqual([]);
    const flat = epochs.map((epoch) => ({ ...epoch, train: { loss: 1 } }));
    expect(chartLines(flat, 80, false)).toEqual([]);
    const broken = epochs.map((epoch) => ({ ...epoch, train: { loss: NaN }, validation: { loss: NaN } }));
    expect(chartLines(broken, 80, false)).toEqual([]);
  });
});
