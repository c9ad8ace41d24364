import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { orderPython } from './python-control.js';

const PROBE_DIR = fileURLToPath(new URL('../../probes/python/', import.meta.url));
const PROBE_FILES = ['sitecustomize.py', 'watch.py', 'sampler.py', 'stacks.py'] as const;

/**
 * The environment that brings our sitecustomize into every Python process of the target: a copy of it in the run's own
 * folder, first on PYTHONPATH, then what the user had there. A copy, since Python would keep compiled code beside it, and
 * an installation may be closed to the account that the target runs as.
 */
export function pythonProbeEnv(dir: string, current: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const at = resolve(dir);
  const copies = join(at, 'python-probe');
  // PYTHONPATH has no way to write a colon.
  if (copies.includes(':')) return {};
  mkdirSync(copies, { recursive: true });
  chmodSync(copies, 0o755);
  for (const file of PROBE_FILES) {
    copyFileSync(join(PROBE_DIR, file), join(copies, file));
    chmodSync(join(copies, file), 0o644);
  }
  orderPython(at, {});
  const own = current['PYTHONPATH'] ?? '';
  const isThere = own.split(':').includes(copies);
  // An empty entry would be the working folder.
  return { PYTHONPATH: isThere ? own : own === '' ? copies : `${copies}:${own}`, WHYSLOW_PYTHON_DIR: at };
}
