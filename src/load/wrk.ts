import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { usageError } from '../errors.js';
import type { LoadSettings, LoadSlice, LoadSummary } from '../types.js';
import { closesAfterAnswer } from './closes.js';
import type { LoadDriver } from './driver.js';
import { keep, type Kept } from './keep.js';
import { nowNs, openLoadFile } from './load-file.js';
import { onPath } from './on-path.js';
import { requestBytes } from './request.js';
import { slicer } from './slicer.js';
import { wrkShared, type WrkCounts, type WrkShared } from './wrk-shared.js';
import { parseWrkRecord, wrkErrors, wrkLatency } from './wrk-record.js';

const SCRIPT = fileURLToPath(new URL('../../probes/load/wrk.lua', import.meta.url));

/** From this many CPUs on, a second thread takes nothing from the server. */
const TWO_THREADS_FROM_CPUS = 4;

/** wrk has read its script and opens connections within this, ms. */
const READY_MS = 3000;

/** wrk: the cheapest generator here. No latency by time, no rate, no fixed number of requests. */
export const wrkDriver: LoadDriver = {
  id: 'wrk',
  async check() {
    if (!await onPath('wrk')) return { ok: false, reason: 'wrk is not installed', enable: 'apt install wrk' };
    return existsSync(SCRIPT) ? { ok: true } : { ok: false, reason: `${SCRIPT} is missing`, enable: 'install whyslow again' };
  },
  async start(url, settings, file, onSlice) {
    refuse(settings);
    const request = requestBytes(url, settings);
    const closes = settings.keepAlive && await closesAfterAnswer(url, request);
    const shared = wrkShared(request);
    const kept = await keep(wrkCommand(url, settings, shared.size), shared.fd).catch((error: Error) => {
      shared.close();
      throw usageError(`cannot run wrk: ${error.message}; apt install wrk`);
    });
    await ready(kept, shared);
    const beginNs = nowNs();
    const out = openLoadFile(file, 'wrk', beginNs);
    let before: WrkCounts = { ready: 0, answers: 0, bytes: 0, statuses: {} };
    let sliceNs = beginNs;
    let lastAnswerNs = beginNs;
    const count = (now: number) => {
      const counts = shared.read();
      const slice = sliceOf(before, counts, sliceNs, now);
      if (slice.completed > 0) lastAnswerNs = now;
      [before, sliceNs] = [counts, now];
      out.slice(slice);
      onSlice?.(slice);
    };
    const slices = slicer(beginNs, count);
    // wrk takes whole seconds only.
    const ender = setTimeout(() => { void kept.stop(); }, (settings.warmupS + settings.durationS) * 1000);
    const done = kept.exited.then(({ code, signal }) => {
      clearTimeout(ender);
      slices.end();
      shared.close();
      // wrk 4 has no timer of its own for answers that never come: it reports zero timeouts while all connections hang.
      const silent = nowNs() - lastAnswerNs >= settings.timeoutS * 1e9;
      out.close(nowNs(), summaryOf(kept, code === 0 ? null : signal ?? `code ${code}`, closes, silent ? settings.connections : 0));
    });
    return {
      pid: kept.pid,
      cut: slices.cut,
      done,
      async stop() {
        clearTimeout(ender);
        await kept.stop();
        await done;
      },
    };
  },
};

function refuse({ amount, rate, method }: LoadSettings): void {
  if (amount !== null) throw usageError('wrk cannot send a fixed number of requests; use --load autocannon with --amount');
  if (rate !== null) throw usageError('wrk cannot hold a rate; use --load autocannon with --rate');
  if (method === 'HEAD') throw usageError('wrk waits for a body after HEAD; use --load autocannon with --method HEAD');
}

function wrkCommand(url: string, { connections, warmupS, durationS, timeoutS }: LoadSettings, size: number): string[] {
  const threads = Math.min(connections, availableParallelism() >= TWO_THREADS_FROM_CPUS ? 2 : 1);
  return [
    'wrk', '-t', String(threads), '-c', String(connections), '-d', `${Math.ceil(warmupS + durationS)}s`,
    '--timeout', `${Math.max(1, Math.ceil(timeoutS))}s`, '--latency', '-s', SCRIPT, url, '--', String(size),
  ];
}

async function ready(kept: Kept, shared: WrkShared): Promise<void> {
  let exited = false;
  void kept.exited.then(() => { exited = true; });
  for (const untilNs = nowNs() + READY_MS * 1e6; nowNs() < untilNs && !exited && shared.read().ready === 0;) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function sliceOf(before: WrkCounts, now: WrkCounts, startNs: number, endNs: number): LoadSlice {
  const statuses: Record<string, number> = {};
  for (const [status, n] of Object.entries(now.statuses)) {
    const more = n - (before.statuses[status] ?? 0);
    if (more > 0) statuses[status] = more;
  }
  return {
    type: 'slice', startNs, endNs, completed: now.answers - before.answers, statuses, errors: {}, timeouts: 0,
    bytes: now.bytes - before.bytes, connectionsOpened: 0, latencyUs: {},
  };
}

function summaryOf(kept: Kept, died: string | null, closes: boolean, unanswered: number): Partial<LoadSummary> {
  const { record, output } = parseWrkRecord(kept.output());
  const summary: Partial<LoadSummary> = { connectionsOpened: null, output, timeouts: unanswered };
  if (died !== null) summary.errors = { [`generator ended with ${died}`]: 1 };
  if (!record) return summary;
  return {
    ...summary, errors: { ...summary.errors, ...wrkErrors(record, closes) },
    timeouts: record.timeout + unanswered, latencyMs: wrkLatency(record),
  };
}
