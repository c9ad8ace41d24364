import { poolFact } from '../facts/pool.js';
import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { PoolFact, PoolWork, Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { count, ms, percent } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { fullPool } from './support/pool.js';

const id = 'threadpool-starved';
const title = 'Node\'s thread pool is full';

/** Of the pool's time at work: more, and CPU is what the jobs need. */
const ON_CPU = 0.6;
/** Fewer idle cores, and more threads only share them out. */
const NO_CORE_LEFT = 0.3;
/** Of the pool's time at work: a kind that makes up less is not what it is full of. */
const MAINLY = 0.4;

const KINDS: Record<PoolWork['kind'], string> = {
  crypto: 'crypto', zlib: 'compression', dns: 'name lookups (getaddrinfo)', fs: 'file work', gc: 'garbage collection', other: 'work',
};

/** All threads of libuv's pool are at work while more requests wait for one, and the event loop idles. */
export const threadpoolStarved: Rule = {
  id, title,
  diagnose(read) {
    const [requests, gathered, cpu] = [read(requestsFact), read(poolFact), servingCpu(read)];
    if (!requests.ok) return noData(requests);
    // Of other runtimes there is nothing to see, and nothing is missing.
    if (!gathered.ok) return read(threadsFact).ok ? absent(gathered.reason) : noData(gathered);
    const state = fullPool(read, requests.value);
    if (!state?.full) return absent(state?.why ?? 'no pool');
    const { pool, share } = state;
    const flying = inFlight(requests.value);
    const latencyMs = meanLatencyMs(requests.value);
    const threads = optional(read(threadsFact));
    const [main] = pool.work.filter((w) => w.share >= MAINLY && w.kind !== 'other');
    const jobMs = requests.value.headline.rps > 0 ? (pool.threads * pool.busy * 1000) / requests.value.headline.rps : null;
    const noCore = threads !== null && pool.onCpu >= ON_CPU && threads.idleCores < NO_CORE_LEFT;
    return found({
      id, title, kind: 'cause',
      summary: `${count(pool.threads * pool.busy)} of ${pool.threads} pool threads are at work at once${main ? `, on ${KINDS[main.kind]}` : ''}, and ${count(flying - pool.threads * pool.busy)} more requests wait for one, while the event loop ${cpu.ok ? `uses ${percent(cpu.value.cpuShare)} of a core` : 'idles'}.`,
      confidence: confidence(0.68, [[main ? true : null, 0.15], [pool.busy >= 0.9, 0.05], [flying >= 2 * pool.threads, 0.05], [cpu.ok ? cpu.value.busy < 0.5 : null, 0.03]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: [
        evidence(`${pool.threads} threads beside the event loop, at work ${percent(pool.busy)} of the time`, pool.busy, 'share'),
        evidence(`${count(flying)} requests in flight (rate x mean latency)`, flying, 'requests'),
        ...pool.work.slice(0, 3).filter((w) => w.share >= 0.05).map((w) => evidence(`${percent(w.share)} of their work: ${KINDS[w.kind]} (${w.name})`, w.share, 'share')),
        evidence(`${percent(pool.onCpu)} of their work on a CPU or in line for one, ${count(pool.cpuShare)} cores in all`, pool.cpuShare, 'cores'),
        ...(jobMs === null ? [] : [evidence(`${ms(jobMs)} of a thread's time for each request`, jobMs, 'ms/request')]),
      ],
      culprit: main ? { kind: 'function', name: `${main.name} (thread pool, ${KINDS[main.kind]})` } : { kind: 'thread', name: 'libuv\'s thread pool' },
      advice: adviceOf(pool, main ?? null, noCore),
    });
  },
};

function adviceOf(pool: PoolFact, main: PoolWork | null, noCore: boolean): string[] {
  const less: Partial<Record<PoolWork['kind'], string>> = {
    crypto: 'Derive or sign less often: hash a password once at sign-in and then hand out a session or token; keep what was derived.',
    zlib: 'Compress once and keep the result, at a lower level, or not what is small or packed already.',
    dns: 'Look names up less often: keep connections open (keep-alive agents), keep answers for their TTL, or use dns.resolve, which needs no thread.',
    fs: 'Read less often: keep in memory what does not change, and stream large files.',
  };
  const more = noCore
    ? 'A larger pool (UV_THREADPOOL_SIZE) gains nothing here: no core is idle, and more threads only share them out. More cores or machines do.'
    : `Have more threads: UV_THREADPOOL_SIZE above ${String(pool.threads)}, set before Node starts (${pool.onCpu >= ON_CPU ? 'up to the number of cores, for the work is CPU' : 'far above the number of cores is fine, for they mostly wait'}).`;
  return [
    ...(main && less[main.kind] ? [less[main.kind] as string] : ['Find what the pool does: fs (without Sync), dns.lookup, zlib and crypto with callbacks or promises all run there.']),
    more,
    `Check: UV_THREADPOOL_SIZE=${String(Math.max(1, Math.floor(pool.threads / 2)))} should make it nearly twice as slow, if the pool is the limit.`,
  ];
}
