// What the other rooms use of diagnostics.
export { catalog } from './catalog.js';
export { Fault, message } from './diagnostic.js';
export type { Diagnostic, Label, Message, Source, Span } from './diagnostic.js';
export { toJson, type JsonDiagnostic } from './json.js';
export { lineAt, lineStarts } from './position.js';
export { render, type RenderOptions, type Sources } from './render.js';
