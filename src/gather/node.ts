import { NoData } from '../errors.js';
import { runtimeOf } from '../target/runtime.js';
import type { Artifact } from '../types.js';
import { monotonicNs } from './clock.js';
import { isRunning, recordsFrom, removeControl, threadFiles, updateControl, waitUntil } from './node-control.js';
import { nodeProbeEnv } from './node-env.js';
import { injectPreload } from './node-inject.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';

/** A preload that hears nothing for this long leaves by itself; longer than whyslow is ever held. */
const LEASE_S = 20;
const RENEW_MS = 4000;
/** A preload looks for orders every 250 ms, later when its loop is held. */
const LEAVE_WAIT_MS = 600;
const TAIL_BYTES = 2048;

/** Inside Node: loop delay, event-loop utilization, GC, heap; by a preload that writes one file a thread. */
export const nodeProbe: Probe = {
  id: 'node',
  weight: 'light',
  windows: ['all'],
  check: async () => ({ ok: true }),
  env: nodeProbeEnv,
  prepare: async (ctx) => prepared(ctx),
};

function prepared(ctx: ProbeContext): PreparedProbe {
  let renewal: NodeJS.Timeout | null = null;
  let stopped: Promise<Artifact[]> | null = null;
  let sawNode = false;

  const renew = () => {
    // Who ran at any time counts: at the stop the target may be gone.
    sawNode ||= nodePids(ctx).length > 0;
    updateControl(ctx.dir, { aliveUntilNs: monotonicNs() + LEASE_S * 1e9, ...(ctx.secondOpinion ? { doctor: true } : {}) });
  };
  const renewQuietly = () => {
    try { renew(); } catch { /* the folder went away: the lease ends */ }
  };

  async function leave(): Promise<Artifact[]> {
    if (renewal === null) return [];
    clearInterval(renewal);
    sawNode ||= nodePids(ctx).length > 0;
    updateControl(ctx.dir, { stop: true });
    await waitUntil(() => threadFiles(ctx.dir, 'node').every((thread) =>
      // A worker that ended, or a process that was killed, never says its last word.
      !isRunning(ctx.dir, thread) || recordsFrom(ctx.dir, thread.file, thread.bytes - TAIL_BYTES).some(({ type }) => type === 'end')), LEAVE_WAIT_MS);
    removeControl(ctx.dir);
    const files = threadFiles(ctx.dir, 'node');
    if (files.length === 0) throw sawNode ? new Error(SILENT_NODE) : new NoData(NO_NODE);
    return files.map(({ file, pid, tid }) => ({ probe: 'node', window: 'all', file, pid, tid }));
  }

  /** One after another: their inspectors want the same port. One that takes it is enough to go on. */
  async function inject(): Promise<void> {
    let refused: unknown = new NoData(NO_NODE);
    let taken = 0;
    for (const pid of nodePids(ctx)) {
      try {
        await injectPreload(pid, ctx.dir, ctx.signalOk);
        taken += 1;
      } catch (error) {
        refused = error;
      }
    }
    if (taken > 0) return;
    if (renewal !== null) clearInterval(renewal);
    renewal = null;
    removeControl(ctx.dir);
    throw refused;
  }

  return {
    start: async () => {
      renew();
      renewal = setInterval(renewQuietly, RENEW_MS);
      renewal.unref();
      if (ctx.origin === 'attach') await inject();
    },
    stop: () => (stopped ??= leave()),
  };
}

export const NO_NODE = 'no Node process in the target';
export const SILENT_NODE = 'Node runs in the target but the preload wrote nothing: node --permission, NODE_OPTIONS replaced on the way, or a folder it may not write to';

/** Live Node processes of the target. */
export const nodePids = (ctx: ProbeContext): number[] => ctx.pids().filter((pid) => runtimeOf(pid) === 'node');
