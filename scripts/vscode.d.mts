// What scripts/vscode.mjs gives.
export function bundled(): Promise<string>;
export function packaged(): Promise<Uint8Array>;
