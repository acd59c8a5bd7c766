// Reads vitest's JSON report, names skipped tests, and ends with the line `N passed, N failed`.
import { readFileSync } from 'node:fs';

const [report, status] = process.argv.slice(2);
const results = read(report);
const skipped = results.flatMap((file) =>
  file.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed'),
);
for (const test of skipped) console.log(`not run: ${test.fullName}`);
const passed = results.flatMap((file) => file.assertionResults).filter((test) => test.status === 'passed').length;
const failedTests = results.flatMap((file) => file.assertionResults).filter((test) => test.status === 'failed').length;
// A file that could not be loaded, or a check before the tests, counts as one failure.
const broken = results.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length;
let failed = failedTests + broken + skipped.length;
if (status !== '0' && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults;
  } catch {
    console.log('the tests did not run');
    return [];
  }
}
