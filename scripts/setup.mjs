/**
 * Makes a fresh clone ready: system packages (as root, through apt), node modules, build.
 * Plain Node without dependencies, since it runs before they are there. Does nothing, quickly, when nothing is to do.
 *
 * What cannot be installed is told, with what is lost without it; that is an error only where WHYSLOW_REQUIRE
 * names it (ebpf,strace,perf,python,...).
 */
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { missing, required } from './capabilities.mjs';
import { installNodeModules } from './node-modules.mjs';
import { say } from './say.mjs';
import { installSystemPackages } from './system-packages.mjs';

const MIN_NODE = 20;

/** @returns {boolean} whether all that is needed is there */
export function setup() {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  if (Number(process.versions.node.split('.')[0]) < MIN_NODE) {
    say(`setup: Node ${MIN_NODE} or later is needed; this is ${process.version}`);
    return false;
  }
  installSystemPackages();
  if (!installNodeModules() || !build()) return false;
  const lacking = required().filter((need) => missing(need) !== null);
  for (const need of lacking) say(`setup: WHYSLOW_REQUIRE names ${need}, which does not work here: ${missing(need)}`);
  return lacking.length === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(setup() ? 0 : 1);
