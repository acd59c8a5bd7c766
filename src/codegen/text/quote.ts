// What users wrote, as parts of generated text: one function for each kind of place, and nothing of theirs gets there otherwise.
import { visible } from '../../diagnostics/quote.js';

/** Lines as comments of JavaScript or WGSL: no character of theirs ends one, nor the script that a page holds it in. */
export function comment(lines: readonly string[]): string {
  return lines.map((line) => `// ${inScript(visible(line))}`.trimEnd()).join('\n');
}

/** The words of a comment in stars. */
export function docText(text: string): string {
  return inScript(visible(text)).replaceAll('*/', '*\\/');
}

/** A value as an expression: text, numbers, lists and objects whose keys are not the user's. What turns the text that follows is an escape. */
export function literal(value: unknown): string {
  return JSON.stringify(value).replace(/<(?=\/|!--)|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${hex(c)}`);
}

/** A property in an interface: quoted where it has to be. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name);
}

/** An object in braces, from names and expressions. `__proto__` would set the prototype if it were not in brackets. */
export function objectOf(entries: Iterable<readonly [name: string, value: string]>): string {
  const key = (name: string): string => (name === '__proto__' ? `["${name}"]` : propertyKey(name));
  return `{ ${[...entries].map(([name, value]) => `${key(name)}: ${value}`).join(', ')} }`;
}

/** What stands behind an object to read or write a property of it: `.h`, `["h.W"]`. */
export function memberOf(name: string): string {
  const key = propertyKey(name);
  return key === name ? `.${name}` : `[${key}]`;
}

/** Text between backticks. */
export function templateText(text: string): string {
  return inScript(text.replace(/[\\`$]/g, '\\$&'));
}

/** Without what would end a script in a page. */
function inScript(text: string): string {
  return text.replace(/<(?=\/script|!--)/gi, '<\\');
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}
