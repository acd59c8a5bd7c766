// Colours of the style sheet as numbers, for what is drawn pixel by pixel: those of the theme that is shown.
export type Colour = readonly [red: number, green: number, blue: number];

let probe: HTMLElement | undefined;

/** `colourOf('--class-0')` */
export function colourOf(name: string): Colour {
  if (!probe) {
    probe = document.createElement('span');
    probe.hidden = true;
    // Where a user forces colours on all pages, pictures keep theirs: of one colour they show nothing.
    probe.style.setProperty('forced-color-adjust', 'none');
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue];
}

export function mixed(a: Colour, b: Colour, share: number): Colour {
  const part = (i: 0 | 1 | 2): number => a[i] + (b[i] - a[i]) * share;
  return [part(0), part(1), part(2)];
}

/** The colours of classes, again from the first after the last. */
export function classColours(): readonly Colour[] {
  return Array.from({ length: classCount }, (_, i) => colourOf(`--class-${i}`));
}

export const classCount = 6;

/** Calls back when the page is lit otherwise. */
export function onTheme(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  dark.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    dark.removeEventListener('change', changed);
  };
}
