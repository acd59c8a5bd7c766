// A page within another one, such as a pane of the playground: which lines of the model either of them points at.

interface Pointed {
  readonly kind: 'nnc-lines';
  /** From 1. */
  readonly lines: readonly number[];
}

/** Tells the page around this one, where there is one, which lines are pointed at. */
export function tellAround(lines: readonly number[]): void {
  const message: Pointed = { kind: 'nnc-lines', lines };
  if (parent !== window) parent.postMessage(message, '*');
}

/** Hears which lines the page around this one points at. */
export function hearAround(pointed: (lines: readonly number[]) => void): void {
  if (parent === window) return;
  addEventListener('message', ({ source, data }: MessageEvent<Pointed | undefined>) => {
    if (source === parent && data?.kind === 'nnc-lines') pointed(data.lines);
  });
}
