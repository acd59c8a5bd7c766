// How the tests run: two workers, generous timeouts, forms verified, and the exhaustive ones only under FULL=1.
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const full = process.env.FULL === '1';
const report = process.env.NNC_TEST_REPORT;

/** The compiler, which Node loads: as Vitest does it, each use of an import is a property of a namespace, and compiling takes half as long again. */
const source = new RegExp(`^${escaped(fileURLToPath(new URL('src/', import.meta.url)))}.*\\.ts$`);

function escaped(path: string): string {
  return path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Short files that take long. Where no run has been timed before, a file's length decides, and these would come last, one worker idle. */
const long =
  /\/(reference\/(ops|cases|programs|unet)|codegen\/(scans|wgslCases|writers)|passes\/passes|browser\/draw)\.test/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => long.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: full ? configDefaults.exclude : [...configDefaults.exclude, 'test/full/**'],
    globalSetup: ['scripts/embed.mjs'],
    setupFiles: ['test/support/verification.ts'],
    pool: 'forks',
    // Files share a process, which loads the compiler once; what is short-lived is collected in larger portions.
    isolate: false,
    // Code that runs for a second is optimized later: what the optimizing compiler takes, tests do not win back.
    execArgv: [
      '--max-semi-space-size=64',
      '--interrupt-budget=600000',
      `--import=${new URL('test/support/native.mjs', import.meta.url).href}`,
    ],
    server: { deps: { external: [source] } },
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: full ? 600_000 : 60_000,
    hookTimeout: 120_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
