// The language of the browser, where it is none: under LANG=C Chromium says `en-US@posix`, at which Intl throws.

/** Makes `navigator.language` a language that Intl knows: what asks for it while it is loaded, as uPlot does, would not load. */
export function languageIsKnown(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
  }
}
