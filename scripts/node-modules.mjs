import { existsSync, readFileSync } from 'node:fs';
import { exec, say } from './say.mjs';

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean }>} Packages */

/** @param {string} file @returns {Packages} */
const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages ?? {};

/** npm writes what it installed, as a lock file, when it has finished. */
const INSTALLED = 'node_modules/.package-lock.json';

/** Optional packages are those of other platforms. */
function upToDate() {
  if (!existsSync(INSTALLED)) return false;
  const installed = packagesOf(INSTALLED);
  return Object.entries(packagesOf('package-lock.json')).every(([path, { version, integrity, optional }]) => (
    path === '' || optional === true
    || (installed[path]?.version === version && installed[path]?.integrity === integrity && existsSync(path))
  ));
}

/** @returns {boolean} whether they are there now */
export function installNodeModules() {
  if (upToDate()) return true;
  say('setup: npm ci');
  const { ok, out } = exec('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true });
  if (!ok) say(`setup: npm ci failed:\n${out}`);
  return ok;
}
