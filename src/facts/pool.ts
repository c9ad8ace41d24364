import { NoData } from '../errors.js';
import type { PerfSample } from '../parse/perf-script.js';
import type { Fact, PoolFact, PoolWork, ThreadUse } from '../types.js';
import { loadSpan } from './artifacts.js';
import { groupBy } from './group-by.js';
import { isCollecting } from './gc-code.js';
import { isEpollWait } from './idle.js';
import { DNS_PORT } from './outbound.js';
import { need } from './reader.js';
import { perfSamplesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Threads that stand in a wait for their next job less than this are at work: V8's helpers mostly wait. Share of time. */
const AT_WORK = 0.5;

/** Fewer samples name nothing. */
const LEAST_SAMPLES = 10;

/** What a stack is about, leaf first: the first pattern that any of its frames fits. */
const KINDS: readonly [PoolWork['kind'], RegExp][] = [
  ['crypto', /pbkdf2|scrypt|bcrypt|argon|HMAC|EVP_|OPENSSL|ossl_|^RSA_|^EC_|ec_GF|^BN_|^bn_|aesni|sha(1|256|512)_|SHA\d|node::crypto/i],
  ['zlib', /inflate|deflate|longest_match|adler32|crc32|Brotli|zlib/i],
  ['dns', /getaddrinfo|gethostby|res_n|_nss_|__libc_res|gaih_/i],
  ['fs', /uv__fs|do_filp_open|vfs_|ext4|xfs_|btrfs|overlay|filemap|ksys_(read|write|pread64|pwrite64)|do_sys_open|sys_(open|stat|newfstatat|statx|getdents)/],
];

/** Calls in which a thread of the pool stands, where it is not on a CPU. */
const CALLS: readonly [PoolWork['kind'], RegExp][] = [
  ['fs', /^(open|openat|stat|lstat|newfstatat|statx|pread64|pwrite64|preadv2?|pwritev2?|fsync|fdatasync|ftruncate|fallocate|rename|renameat2?|unlink|unlinkat|mkdir|mkdirat|getdents64?|copy_file_range|sendfile|flock)$/],
];

/** The threads that a Node process keeps for file, DNS, crypto and compression work (libuv's pool), and what they do. */
export const poolFact: Fact<PoolFact> = {
  name: 'pool',
  compute(run, read) {
    const { threads } = need(read(threadsFact));
    const runtimes = new Map(run.manifest.target.processes.map((p) => [p.pid, p.runtime]));
    const sampled = read(perfSamplesFact);
    const samples = sampled.ok && loadSpan(run) ? sampled.value : [];
    const pools = [...groupBy(threads.filter((t) => t.role !== 'serving' && runtimes.get(t.pid) === 'node'), (t) => t.pid)]
      .filter(([pid]) => threads.some((t) => t.pid === pid && t.role === 'serving'))
      .map(([pid, of]) => poolOf(pid, of, samples));
    const [fullest] = pools.sort((a, b) => b.threads * b.busy - a.threads * a.busy);
    if (!fullest) throw new NoData('no Node process serves: no pool of libuv to look at');
    return fullest;
  },
};

function poolOf(pid: number, threads: readonly ThreadUse[], samples: readonly PerfSample[]): PoolFact {
  // A thread with an event wait of its own is a worker_thread: libuv's wait on a condition only.
  const working = threads.filter((t) => t.waits.length > 0 && busyShare(t) >= AT_WORK && !t.waits.some((w) => isEpollWait(w.in)));
  const codes = workByCode(samples, new Set(working.map((t) => t.tid)));
  // V8's own helpers work for the collector, not for requests.
  const isHelper = (t: ThreadUse) => codes.get(t.tid)?.[0]?.kind === 'gc';
  const pool = working.filter((t) => !isHelper(t));
  const busy = pool.reduce((sum, t) => sum + busyShare(t), 0);
  const onCpu = pool.reduce((sum, t) => sum + Math.min(busyShare(t), t.cpuShare + t.runQueueShare), 0);
  return {
    pid, threads: pool.length, busy: pool.length > 0 ? busy / pool.length : 0, onCpu: busy > 0 ? onCpu / busy : 0,
    cpuShare: pool.reduce((sum, t) => sum + t.cpuShare, 0),
    work: summed([...pool.flatMap((t) => codes.get(t.tid) ?? []).map((w) => ({ ...w, share: w.share * onCpu / (pool.length * (busy || 1)) })), ...waitedIn(pool, busy)]),
  };
}

/** Neither on a futex, which is how a pool waits for its next job, nor in an event wait. */
const busyShare = (t: ThreadUse): number =>
  1 - t.waits.reduce((sum, w) => (w.in === 'futex' || isEpollWait(w.in) ? sum + w.share : sum), 0);

/** Blocked, by call and by what it is about. */
function waitedIn(pool: readonly ThreadUse[], busy: number): PoolWork[] {
  return pool.flatMap((t) => t.waits).filter((w) => !/^(running|futex|epoll_)/.test(w.in)).map((w): PoolWork => {
    const isDns = w.on?.kind === 'peer' && w.on.name.endsWith(`:${DNS_PORT}`);
    const isFile = w.on?.kind === 'file' || w.on?.kind === 'pipe';
    const kind = isDns ? 'dns' : isFile ? 'fs' : CALLS.find(([, calls]) => calls.test(w.in))?.[0] ?? 'other';
    return { kind, name: w.on?.kind === 'file' || w.on?.kind === 'peer' ? `${w.in} ${w.on.name}` : w.in, share: w.share / (busy || 1) };
  });
}

/** By thread: what its time on the CPU went into. */
function workByCode(samples: readonly PerfSample[], tids: ReadonlySet<number>): Map<number, PoolWork[]> {
  return new Map([...groupBy(samples.filter((s) => tids.has(s.tid)), (s) => s.tid)].filter(([, of]) => of.length >= LEAST_SAMPLES).map(([tid, of]) => [
    tid,
    summed(of.map((sample): PoolWork => {
      const { stack } = sample;
      if (isCollecting(sample)) return { kind: 'gc', name: stack[0]?.name ?? '', share: 1 / of.length };
      const found = KINDS.flatMap(([kind, pattern]) => {
        // The outermost that fits is what was asked for; below it are its parts.
        const frame = stack.findLast((f) => pattern.test(f.name));
        return frame ? [{ kind, name: frame.name, share: 1 / of.length }] : [];
      });
      return found[0] ?? { kind: 'other', name: stack[0]?.name ?? '', share: 1 / of.length };
    })),
  ]));
}

/** One entry a kind, the largest first, named for what made up most of it. */
function summed(work: readonly PoolWork[]): PoolWork[] {
  return [...groupBy(work, (w) => w.kind).values()].map((of) => {
    const byName = [...groupBy(of, (w) => w.name).values()].map((same) => ({ name: same[0]?.name ?? '', share: same.reduce((s, w) => s + w.share, 0) }));
    const [most] = byName.sort((a, b) => b.share - a.share);
    return { kind: of[0]?.kind ?? 'other', name: most?.name ?? '', share: of.reduce((s, w) => s + w.share, 0) };
  }).sort((a, b) => b.share - a.share);
}
