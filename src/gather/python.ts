import { NoData } from '../errors.js';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeOf } from '../target/runtime.js';
import type { Artifact } from '../types.js';
import { monotonicNs } from './clock.js';
import { recordsFrom, waitUntil } from './node-control.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import { askable, endPythonOrders, orderPython, pythonFiles, wake, type PythonFile } from './python-control.js';
import { pythonProbeEnv } from './python-env.js';

/** A probe that hears nothing for this long leaves by itself; longer than whyslow is ever held. */
const LEASE_S = 20;
const RENEW_MS = 4000;
/** A handler runs between two bytecodes of the main thread, which a call into C may put off. */
const LEAVE_WAIT_MS = 400;
const TAIL_BYTES = 2048;

/** Inside Python: garbage collection, and what the profile needs; by a sitecustomize that writes one file a process. */
export const pythonProbe: Probe = {
  id: 'python',
  weight: 'light',
  windows: ['all'],
  check: async () => ({ ok: true }),
  env: pythonProbeEnv,
  prepare: async (ctx) => {
    if (ctx.origin === 'attach') throw pythonPids(ctx).length > 0 ? new NoData(RUNS_ALREADY, LAUNCH_IT) : new NoData(NO_PYTHON);
    return prepared(ctx);
  },
};

function prepared(ctx: ProbeContext): PreparedProbe {
  let renewal: NodeJS.Timeout | null = null;
  let stopped: Promise<Artifact[]> | null = null;
  let sawPython = false;

  const renew = () => {
    // Who ran at any time counts: at the stop the target may be gone.
    sawPython ||= pythonPids(ctx).length > 0;
    orderPython(ctx.dir, { aliveUntilNs: monotonicNs() + LEASE_S * 1e9 });
  };
  const renewQuietly = () => {
    try { renew(); } catch { /* the folder went away: the lease ends */ }
  };

  async function leave(): Promise<Artifact[]> {
    if (renewal === null) return [];
    clearInterval(renewal);
    sawPython ||= pythonPids(ctx).length > 0;
    orderPython(ctx.dir, { stop: 1 });
    const woken = askable(ctx).filter((file) => wake(file));
    await waitUntil(() => woken.every((file) => saidSince(ctx, { ...file, bytes: file.bytes - TAIL_BYTES }, 'end') || !existsSync(`/proc/${file.pid}`)), LEAVE_WAIT_MS);
    endPythonOrders(ctx.dir);
    const files = pythonFiles(ctx.dir);
    if (files.length === 0) throw sawPython ? new Error(SILENT_PYTHON) : new NoData(NO_PYTHON);
    // A server that starts a Python for each request leaves hundreds that say nothing but that they began.
    const telling = files.filter(({ file }) => recordsFrom(ctx.dir, file, 0).some(({ type }) => type === 'gc' || type === 'function'));
    const kept = telling.length > 0 ? telling : files.slice(0, 1);
    for (const { file } of files) if (!kept.some((k) => k.file === file)) rmSync(join(ctx.dir, file), { force: true });
    return kept.map(({ file, pid }) => ({ probe: 'python', window: 'all', file, pid }));
  }

  return {
    start: async () => {
      renew();
      renewal = setInterval(renewQuietly, RENEW_MS);
      renewal.unref();
    },
    stop: () => (stopped ??= leave()),
  };
}

/** Reading another process's frames safely takes a tool made for each version of Python. */
const RUNS_ALREADY = 'a Python that runs already takes no sitecustomize';
const LAUNCH_IT = 'launch the server with "whyslow run"; perf and the kernel probes work without it';
export const NO_PYTHON = 'no Python process in the target';
export const SILENT_PYTHON = 'Python runs in the target but our sitecustomize wrote nothing: python -S, -I or -E, PYTHONPATH replaced on the way, or a folder it may not write to';

export const pythonPids = (ctx: ProbeContext): number[] => ctx.pids().filter((pid) => runtimeOf(pid) === 'python');

/** Whether the process wrote a record of this type after the given size of its file. */
const saidSince = (ctx: ProbeContext, { file, bytes }: PythonFile, type: string): boolean =>
  recordsFrom(ctx.dir, file, bytes).some((record) => record['type'] === type);
