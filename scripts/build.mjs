/** Compiles src/ to dist/, only when something is newer than the last build. */
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPages } from './build-pages.mjs';
import { exec, say } from './say.mjs';

/** The first errors of a broken build say most. */
const MAX_LINES = 20;
const STAMP = 'dist/.built';
/** Made by build-pages.mjs from sources of its own. */
const PAGES = { built: 'dist/page/', sources: 'src/export/page/' };
const INPUTS = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** @param {string} dir @returns {string[]} */
const filesBelow = (dir) => readdirSync(dir, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));

/** What a source becomes: src/a/b.ts -> dist/a/b @param {string} source */
const builtName = (source) => join('dist', source.slice('src/'.length).replace(/\.ts$/, ''));

/** @param {string[]} sources */
function isFresh(sources) {
  const builtMs = statSync(STAMP, { throwIfNoEntry: false })?.mtimeMs;
  return builtMs !== undefined
    && [...INPUTS, ...sources].every((file) => statSync(file).mtimeMs <= builtMs)
    && sources.every((source) => existsSync(`${builtName(source)}.js`));
}

/** What no source makes any more must not be shipped. @param {string[]} sources */
function removeLeftovers(sources) {
  if (!existsSync('dist')) return;
  const made = new Set(sources.map(builtName));
  for (const file of filesBelow('dist')) {
    if (file !== STAMP && !file.startsWith(PAGES.built) && !made.has(file.replace(/(\.d)?\.[jt]s$/, ''))) rmSync(file);
  }
}

/** @returns {boolean} whether dist/ is whole */
export function build() {
  const sources = filesBelow('src').filter((file) => file.endsWith('.ts') && !file.startsWith(PAGES.sources));
  removeLeftovers(sources);
  if (isFresh(sources)) return buildPages();
  const startedMs = Date.now();
  const { ok, out } = exec(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { quiet: true });
  if (!ok) {
    const lines = out.trim().split('\n');
    say(`build failed:\n${lines.slice(0, MAX_LINES).join('\n')}${lines.length > MAX_LINES ? `\n(${lines.length - MAX_LINES} more lines)` : ''}`);
    return false;
  }
  writeFileSync(STAMP, '');
  // A source that was saved while the compiler ran is newer than this.
  utimesSync(STAMP, startedMs / 1000, startedMs / 1000);
  return buildPages();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  process.exit(build() ? 0 : 1);
}
