/** Bundles the scripts of HTML pages (src/export/page) for the browser, libraries included, into dist/page. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exec, say } from './say.mjs';

const OUT = 'dist/page';
const SOURCE = 'src/export/page';
const PAGES = ['flame-graph'];

/** What is in the bundles; their licences go with them. */
const BUNDLED = /^(d3-.+|internmap)$/;

/** @param {string} file @param {string} text */
function write(file, text) {
  // Several test files may build at once: what is read is whole.
  const part = `${file}.${process.pid}`;
  writeFileSync(part, text);
  renameSync(part, file);
}

/** @param {string} page */
function isFresh(page) {
  const builtMs = statSync(join(OUT, `${page}.js`), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inputs = [SOURCE, 'src/export'].flatMap((dir) => readdirSync(dir).map((file) => join(dir, file)));
  return existsSync(join(OUT, `${page}.css`)) && ['package-lock.json', fileURLToPath(import.meta.url), ...inputs].every((file) => statSync(file).mtimeMs <= builtMs);
}

function licences() {
  const texts = readdirSync('node_modules').filter((name) => BUNDLED.test(name)).map((name) => {
    const { version, license } = JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.md'].map((base) => join('node_modules', name, base)).find((path) => existsSync(path));
    return `== ${name} ${version} (${license})\n\n${file ? readFileSync(file, 'utf8').trim() : ''}\n`;
  });
  return `The scripts beside this file contain these packages.\n\n${texts.join('\n')}`;
}

/** @param {string} page @returns {boolean} */
function bundle(page) {
  const made = join(OUT, `${page}.bundle.${process.pid}`);
  const { ok, out } = exec(process.execPath, [
    'node_modules/rolldown/bin/cli.mjs', join(SOURCE, `${page}.ts`), '--format', 'iife', '--minify', '--file', made, '--module-types', '.css:empty', '--log-level', 'warn',
  ], { quiet: true, timeoutS: 120 });
  if (!ok) {
    say(`build failed: ${page}\n${out.trim()}`);
    return false;
  }
  // Inside of <script> no text may end the element.
  write(join(OUT, `${page}.js`), `/* Contains d3-flame-graph (Apache-2.0) and d3 (ISC): https://github.com/spiermar/d3-flame-graph https://d3js.org */\n${readFileSync(made, 'utf8').replace(/<\/script/gi, '<\\/script')}`);
  rmSync(made);
  write(join(OUT, `${page}.css`), readFileSync(join(SOURCE, `${page}.css`), 'utf8').replace(/\n\s*/g, '\n'));
  return true;
}

/** @returns {boolean} whether dist/page is whole; run from the root of the repo */
export function buildPages() {
  if (PAGES.every(isFresh)) return true;
  mkdirSync(OUT, { recursive: true });
  write(join(OUT, 'LICENSES.txt'), licences());
  return PAGES.every(bundle);
}
