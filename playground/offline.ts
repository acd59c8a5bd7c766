// The service worker of the site: written after a build, with the list of its files, so that after the first visit all of it works offline.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Plugin } from 'vite';

/** Where the worker's text has the list of files and the version. */
const [filesHere, versionHere] = ['/* files */ []', "'version'"];

export function offline(template: string): Plugin {
  let out = '';
  return {
    name: 'offline',
    apply: 'build',
    configResolved({ build }) {
      out = build.outDir;
    },
    closeBundle() {
      const files = readdirSync(out, { recursive: true, encoding: 'utf8' })
        .filter((file) => statSync(join(out, file)).isFile() && file !== 'sw.js')
        .map((file) => relative(out, join(out, file)).split(sep).join('/'))
        .sort();
      const digest = createHash('sha256');
      for (const file of files) digest.update(file).update(readFileSync(join(out, file)));
      const text = readFileSync(template, 'utf8');
      const filled = text
        .replace(filesHere, () => JSON.stringify(files))
        .replace(versionHere, () => JSON.stringify(digest.digest('hex').slice(0, 16)));
      if (filled.includes(filesHere) || filled.includes(versionHere))
        throw new Error(`${template}: where is the list?`);
      writeFileSync(join(out, 'sw.js'), filled);
    },
  };
}
