import { basename } from 'node:path';
import type { Runtime } from '../types.js';
import { readExe, readProcText } from './procfs.js';

// node, nodejs, node20, node-v22.1. Bun and Deno are native here: neither has V8's perf hooks or takes NODE_OPTIONS.
const NODE_EXE = /^node(js)?([-_]?v?\d[\d.]*)?$/;
// python3.11, python3.13t, python3-dbg, pypy3.10-c.
const PYTHON_EXE = /^(python|pypy)[\d.]*([-\w]*)$/;
// uWSGI, mod_wsgi, Debian's node: the interpreter is a library of another program.
const NODE_LIBRARY = /\/libnode\.so/;
const PYTHON_LIBRARY = /\/lib(python|pypy)\d[^/\n]*\.so/;

/** By the program's file name, which a script cannot change. */
export function runtimeOfExe(exe: string): Runtime {
  const name = basename(exe);
  if (NODE_EXE.test(name)) return 'node';
  return PYTHON_EXE.test(name) ? 'python' : 'native';
}

/** By what is mapped; `maps` is the text of /proc/PID/maps. */
export function runtimeOfMaps(maps: string): Runtime {
  if (NODE_LIBRARY.test(maps)) return 'node';
  return PYTHON_LIBRARY.test(maps) ? 'python' : 'native';
}

/** What runs in this process now. `native` for the vanished and the unreadable. */
export function runtimeOf(pid: number): Runtime {
  const exe = readExe(pid);
  if (exe === null) return 'native';
  const byExe = runtimeOfExe(exe);
  return byExe === 'native' ? runtimeOfMaps(readProcText(`/proc/${pid}/maps`)) : byExe;
}
