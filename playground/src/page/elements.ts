// Elements of the page, made with their attributes, listeners and children.

type Child = Node | string | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

/** `element('button', { class: 'plain', onclick: go }, 'Go')`: false and undefined leave an attribute or a child out, true is one without a value. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (typeof value === 'function') made.addEventListener(key.replace(/^on/, ''), value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== undefined) made.setAttribute(key, String(value));
  made.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return made;
}

/** Whether a button can be pressed: one that cannot keeps the focus, so that who has come to it by keyboard need not come back. */
export function setUsable(pressed: HTMLButtonElement, isUsable: boolean): void {
  pressed.setAttribute('aria-disabled', String(!isUsable));
}

/** What is read aloud when it changes is touched only then. */
export function setText(said: HTMLElement, text: string): void {
  if (said.textContent !== text) said.textContent = text;
}

/** A button with a picture and words; `quiet`: the words are for who does not see the picture. */
export function button(words: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, words);
  made.addEventListener('click', () => made.ariaDisabled === 'true' || press());
  return made;
}
