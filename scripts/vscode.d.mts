// What scripts/vscode.mjs gives.
export function packaged(): Promise<Uint8Array>;
