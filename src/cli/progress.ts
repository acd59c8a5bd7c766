// Training progress: a bar that redraws on a terminal, one plain line per epoch elsewhere.
import pc from 'picocolors';
import type { Values } from './trainer.js';

export interface Moment {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, and how many it has. */
  readonly step: number;
  readonly steps: number;
  /** Rows seen, and steps made, since the command began. */
  readonly rows: number;
  readonly stepsMade: number;
  /** The share of the validation that is done, while it goes. */
  readonly checked?: number;
  readonly values: Values;
}

export interface ProgressDisplay {
  /** Whether steps are shown. */
  readonly live: boolean;
  /** Cheap: draws at most some times a second. */
  step(moment: Moment): void;
  /** So many bytes of a file have been read, of as many as it has, where that is known. */
  reading(file: string, read: number, size: number | undefined): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const redrawEvery = 80;

/** Shows progress on a stream. */
export function progressOn(stream: Terminal, now: () => number = () => performance.now()): ProgressDisplay {
  if (!stream.isTTY) {
    const line = (text: string): unknown => stream.write(`${text}\n`);
    return { live: false, step: () => {}, reading: () => {}, line, end: () => {} };
  }
  const colors = pc.createColors(process.env.NO_COLOR === undefined || process.env.NO_COLOR === '');
  const begin = now();
  let drawn = -Infinity;
  const clear = (): void => {
    if (drawn > -Infinity) stream.write('\r\x1b[2K');
  };
  const draw = (text: (seconds: number) => string): void => {
    const time = now();
    if (time - drawn < redrawEvery) return;
    clear();
    drawn = time;
    stream.write(text((time - begin) / 1000));
  };
  return {
    live: true,
    step: (moment) => draw((seconds) => drawBar(moment, seconds, stream.columns ?? 80, colors)),
    reading: (file, read, size) => draw(() => readingLine(file, read, size).slice(0, (stream.columns ?? 80) - 1)),
    line(text) {
      clear();
      drawn = -Infinity;
      stream.write(`${text}\n`);
    },
    end: clear,
  };
}

/** `reading rows.csv: 41 % of 120 MB` */
function readingLine(file: string, read: number, size: number | undefined): string {
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
  const done = size === undefined ? megabytes(read) : `${Math.floor((100 * read) / size)} % of ${megabytes(size)}`;
  return `reading ${file}: ${done}`;
}

function drawBar(moment: Moment, seconds: number, columns: number, colors: ReturnType<typeof pc.createColors>): string {
  const { epoch, epochs, step, steps, stepsMade, checked, values } = moment;
  const share = checked ?? step / steps;
  const done = epochs * steps - (epoch - 1) * steps - step;
  const speed = stepsMade / Math.max(seconds, 1e-3);
  const left = speed > 0 ? done / speed : 0;
  const what = checked === undefined ? `step ${step}/${steps}` : 'validation';
  const parts = [
    `${clock(left)} left`,
    `epoch ${epoch}/${epochs}`,
    what,
    formatValues(values),
    `${speed >= 10 ? Math.round(speed).toLocaleString('en') : speed.toPrecision(2)} steps/s`,
  ];
  // Where a screen is narrow, what matters less gives way: the bar, the speed, the step.
  const text = [parts, parts.slice(0, 4), [parts[0], parts[1], parts[3]], [parts[1], parts[3]]].find(
    (some) => some.join('  ').length < columns,
  );
  const shown = (text ?? [parts[1], parts[3]]).join('  ').slice(0, columns - 1);
  const width = Math.min(24, columns - 3 - shown.length);
  if (width < 6) return shown;
  const filled = Math.round(width * Math.min(1, share));
  return `${colors.cyan('━'.repeat(filled))}${colors.dim('─'.repeat(width - filled))}  ${shown}`;
}

/** `loss 0.2134  accuracy 0.9361` */
export function formatValues(values: Values, prefix = ''): string {
  return Object.entries(values)
    .map(([name, value]) => `${prefix}${name} ${formatNumber(value)}`)
    .join('  ');
}

/** Four digits after the point, or four that matter where the number is small. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(3);
  return value.toFixed(size >= 1000 ? 1 : 4);
}

/** `0:41`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
