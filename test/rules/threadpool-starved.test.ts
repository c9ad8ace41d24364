import { describe, expect, it } from 'vitest';
import { threadpoolStarved } from '../../src/rules/threadpool-starved.js';
import { timerWait } from '../../src/rules/timer-wait.js';
import { workerPoolExhausted } from '../../src/rules/worker-pool-exhausted.js';
import { nodeHello, pool, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** PBKDF2 in the pool: 4 threads on 2 cores, 50 connections. */
const hashing = (): FactValues => {
  const job = (i: number) => thread(0.45, { tid: 110 + i, role: 'worker', runQueueShare: 0.5, waits: [{ in: 'running', fd: null, share: 0.97 }, { in: 'futex', fd: null, share: 0.03 }] });
  return {
    requests: requests(50, 230), threads: threads([thread(0.05), job(0), job(1), job(2), job(3)], { idleCores: 0.05 }),
    pool: pool(4, [{ kind: 'crypto', name: 'PKCS5_PBKDF2_HMAC', share: 0.95 }]),
  };
};

describe('threadpool-starved', () => {
  it('sees that all four threads are at work, and on what', () => {
    const f = finding(threadpoolStarved, hashing());
    expect(f.culprit?.name).toContain('PKCS5_PBKDF2_HMAC');
    expect(f.summary).toContain('crypto');
    expect(f.cost.share).toBeCloseTo(1 - 3.88 / 50, 2);
    expect(f.confidence).toBeGreaterThan(0.85);
  });

  it('does not advise a larger pool where no core is idle', () => {
    expect(finding(threadpoolStarved, hashing()).advice.join(' ')).toContain('gains nothing');
    const waiting = { ...hashing(), pool: pool(4, [{ kind: 'fs', name: 'openat /srv/slow', share: 0.9 }], { onCpu: 0.05 }) };
    expect(finding(threadpoolStarved, waiting).advice.join(' ')).toContain('UV_THREADPOOL_SIZE above 4');
  });

  it('is less sure where nobody saw what the pool does', () => {
    const f = finding(threadpoolStarved, { ...hashing(), pool: pool(4, []) });
    expect(f.confidence).toBeLessThan(finding(threadpoolStarved, hashing()).confidence);
    expect(f.culprit?.kind).toBe('thread');
  });

  it('takes the place of a timer and of workers', () => {
    absent(timerWait, hashing());
    absent(workerPoolExhausted, hashing());
  });

  it('is absent where threads are free, few requests come, or the loop works', () => {
    absent(threadpoolStarved, { ...hashing(), pool: pool(4, [], { busy: 0.79 }) });
    absent(threadpoolStarved, { ...hashing(), pool: pool(1, []) });
    absent(threadpoolStarved, { ...hashing(), requests: requests(5, 230) });
    absent(threadpoolStarved, { ...hashing(), threads: threads([thread(0.9)]) });
    absent(threadpoolStarved, nodeHello());
  });

  it('is absent in other runtimes, and has no data without threads', () => {
    absent(threadpoolStarved, without(hashing(), 'pool'));
    noData(threadpoolStarved, without(hashing(), 'pool', 'threads'));
    noData(threadpoolStarved, without(hashing(), 'requests'));
  });
});
