// What scripts/diagnostics.mjs gives.
import type { LintExample } from '../src/inspect/diagnosticsPage.js';

export function lintExamples(): readonly LintExample[];
export function answers(): readonly string[];
