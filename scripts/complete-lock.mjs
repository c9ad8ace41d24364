/**
 * Adds to package-lock.json what npm leaves out of it.
 *
 * Packages with native code name one optional package a platform. Where the registry at hand does not hold those of
 * other platforms, npm writes a lock file without them, and `npm ci` then refuses it everywhere (the symptom of
 * https://github.com/npm/cli/issues/4828). Run it after `npm install`; test/lock.test.ts says when it is needed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version?: string, dev?: boolean, optional?: boolean, optionalDependencies?: Record<string, string>, cpu?: string[], os?: string[], libc?: string[] }} Entry */
/** @typedef {Record<string, Entry>} Packages */

const EXACT = /^\d+\.\d+\.\d+[\w.+-]*$/;

/**
 * The optional packages that are pinned to one version and have no entry.
 * @param {Packages} packages
 */
export const leftOut = (packages) => Object.entries(packages).flatMap(([parent, { dev, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name, version]) => EXACT.test(version) && !(`node_modules/${name}` in packages) && !(`${parent}/node_modules/${name}` in packages))
    .map(([name, version]) => ({ name, version, dev })));

/**
 * What the names of native packages say: `@scope/binding-linux-arm-gnueabihf` -> linux, arm, glibc.
 * With it npm skips the package elsewhere, without asking the registry.
 * @param {string} name
 * @returns {Entry}
 */
function platformOf(name) {
  const [, os, cpu, abi = ''] = /(android|darwin|freebsd|linux|openharmony|win32|sunos|aix|netbsd|openbsd)-([a-z0-9]+)(?:-([a-z]+))?$/.exec(name) ?? [];
  const libc = os === 'linux' ? { libc: [abi.startsWith('musl') ? 'musl' : 'glibc'] } : {};
  return os && cpu ? { cpu: [cpu], ...libc, os: [os] } : {};
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  for (const { name, version, dev } of leftOut(lock.packages)) {
    const { cpu, ...platform } = platformOf(name);
    lock.packages[`node_modules/${name}`] = { version, ...(cpu && { cpu }), ...(dev && { dev }), ...platform, optional: true };
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
