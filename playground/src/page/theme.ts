// Light, dark, or as the system has it: remembered by the browser alone.

const key = 'nnc-theme';
const order = ['light dark', 'light', 'dark'] as const;
export const names: Readonly<Record<(typeof order)[number], string>> = {
  'light dark': 'as the system has it',
  light: 'light',
  dark: 'dark',
};

const known = (text: string | null): (typeof order)[number] => order.find((each) => each === text) ?? 'light dark';

/** Storage can be forbidden to a page. */
function remembered(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function applyTheme(theme = known(remembered())): void {
  document.documentElement.style.colorScheme = theme;
}

/** The next theme in turn, in words. */
export function nextTheme(): string {
  const next = order[(order.indexOf(known(document.documentElement.style.colorScheme)) + 1) % order.length];
  applyTheme(next);
  try {
    localStorage.setItem(key, next);
  } catch {
    // Then it holds for this visit.
  }
  return names[next];
}
