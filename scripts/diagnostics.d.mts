// What scripts/diagnostics.mjs gives.
import type { Case, LintExample } from '../src/inspect/diagnosticsPage.js';

export function lintExamples(): readonly LintExample[];
export const caseFolder: string;
export function cases(): ReadonlyMap<string, readonly Case[]>;
