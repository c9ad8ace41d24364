import { describe, expect, it } from 'vitest';
import { workerPoolExhausted } from '../../src/rules/worker-pool-exhausted.js';
import { flaskNagle, ledger, ledgerThread, nodeHello, outbound, peer, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** gunicorn, 4 sync workers that sleep 100 ms: 39 requests a second for 50 connections. */
const pool = (n = 4, connections = 50, asleep = 0.97): FactValues => ({
  requests: requests(connections, n * 9.8),
  threads: threads([
    ...Array.from({ length: n }, (_, i) => thread(0.01, { pid: 700 + i, name: 'gunicorn', waits: [{ in: 'clock_nanosleep', fd: null, share: asleep }, { in: 'select', fd: null, share: 1 - asleep }] })),
    thread(0.001, { pid: 699, name: 'gunicorn', role: 'helper', waits: [{ in: 'select', fd: null, share: 1 }] }),
  ]),
  ledger: ledger(...Array.from({ length: n }, (_, i) => ledgerThread({ 'blocked:clock_nanosleep': asleep, user: 0.01 }, { pid: 700 + i, tid: 700 + i, name: 'gunicorn' }))),
  sockets: sockets({ serviceMs: { mean: 100.8, p10: 100.2, p50: 100.5, p90: 101.3, p99: 103 }, inService: 4, listenQueue: { max: 44, limit: 2048 }, acceptsPerRequest: 1 }),
});

describe('worker-pool-exhausted', () => {
  it('sees all workers taken while requests queue, and in what they stand', () => {
    const f = finding(workerPoolExhausted, pool());
    expect(f.kind).toBe('cause');
    expect(f.cost.share).toBeCloseTo(0.92, 2);
    expect(f.culprit).toEqual({ kind: 'syscall', name: 'clock_nanosleep' });
    expect(f.summary).toContain('4 workers for 50 requests');
    expect(f.confidence).toBeGreaterThan(0.85);
  });

  it('sees it with an empty listen queue, when requests wait inside the process', () => {
    const inside = { ...pool(), sockets: sockets({ inService: 50, listenQueue: { max: 0, limit: 1024 } }) };
    // A front thread reads everything; four others do the work.
    inside.threads = threads([thread(0.03, { pid: 800, name: 'waitress' }), ...Array.from({ length: 4 }, (_, i) => thread(0.01, { pid: 800, tid: 801 + i, role: 'worker', waits: [{ in: 'clock_nanosleep', fd: null, share: 0.97 }, { in: 'futex', fd: null, share: 0.02 }] }))]);
    const f = finding(workerPoolExhausted, without(inside, 'ledger'));
    expect(f.summary).toContain('4 workers');
  });

  it('makes do with samples of /proc, or with the ledger', () => {
    finding(workerPoolExhausted, without(pool(), 'ledger', 'sockets'));
    const unseen = pool();
    finding(workerPoolExhausted, { ...unseen, threads: { ...unseen.threads!, threads: unseen.threads!.threads.map((t) => ({ ...t, waits: [] })) } });
  });

  it('is absent where as many workers as requests sleep', () => {
    expect(absent(workerPoolExhausted, pool(50, 50))).toContain('no queue');
  });

  it('is absent where the workers run: then CPU is the cause', () => {
    const running = { requests: requests(50, 60), threads: threads(Array.from({ length: 4 }, (_, i) => thread(0.45, { pid: 300 + i, runQueueShare: 0.53, waits: [{ in: 'running', fd: null, share: 1 }] })), { cpus: 2, idleCores: 0 }) };
    expect(absent(workerPoolExhausted, running)).toContain('CPU');
    absent(workerPoolExhausted, nodeHello());
  });

  it('is absent where workers are free', () => {
    absent(workerPoolExhausted, pool(4, 50, 0.5));
    absent(workerPoolExhausted, flaskNagle());
  });

  it('does not take threads that wait for the next request for taken ones', () => {
    const waiting = (n: number) => threads(Array.from({ length: n }, (_, i) => thread(0.02, { tid: 900 + i, waits: [{ in: 'recvfrom', fd: 7, share: 0.97 }, { in: 'running', fd: null, share: 0.03 }] })));
    absent(workerPoolExhausted, { requests: requests(50, 1000), threads: waiting(4), sockets: sockets({ inService: 0.5 }) });
    // With requests in hand all the time it is a service that they wait for.
    finding(workerPoolExhausted, { requests: requests(50, 40), threads: waiting(4), sockets: sockets({ inService: 3.9 }) });
    // So it is with as many calls under way as there are workers.
    const calling = (pending: number): FactValues => ({ requests: requests(50, 40), threads: waiting(4), sockets: sockets({ inService: null, serviceMs: null }), outbound: outbound(peer(pending, { connections: null })) });
    finding(workerPoolExhausted, calling(3.9));
    expect(absent(workerPoolExhausted, calling(1))).toContain('next request');
  });

  it('takes an event wait with one request in hand a worker for a taken worker', () => {
    const polling = (inHand: number): FactValues => ({ requests: requests(50, 16), threads: threads(Array.from({ length: 4 }, (_, i) => thread(0.02, { pid: 700 + i, waits: [{ in: 'poll', fd: null, share: 0.97 }] }))), sockets: sockets({ inService: inHand, serviceMs: null }) });
    expect(finding(workerPoolExhausted, polling(3.9)).summary).toContain('4 workers');
    absent(workerPoolExhausted, polling(1.2));
    absent(workerPoolExhausted, polling(40));
  });

  it('leaves a line for a lock to lock-contention', () => {
    const inLine = threads(Array.from({ length: 8 }, (_, i) => thread(0.01, { tid: 100 + i, waits: [{ in: 'futex', fd: null, share: 0.87, on: { kind: 'mutex', name: '0x1' } }, { in: 'clock_nanosleep', fd: null, share: 0.13 }] })));
    absent(workerPoolExhausted, { ...pool(), threads: inLine });
  });

  it('knows threads that wait for a client from those that wait for a service', () => {
    const reading = (kind: 'client' | 'peer') => threads(Array.from({ length: 4 }, (_, i) => thread(0.01, { tid: 100 + i, waits: [{ in: 'recvfrom', fd: 9, share: 0.95, on: { kind, name: kind === 'peer' ? '127.0.0.1:5432' : 'client' } }] })));
    absent(workerPoolExhausted, { requests: requests(50, 60), threads: reading('client') });
    expect(finding(workerPoolExhausted, { requests: requests(50, 60), threads: reading('peer') }).summary).toContain('127.0.0.1:5432');
  });

  it('has no data without threads or requests', () => {
    expect(noData(workerPoolExhausted, without(pool(), 'threads')).enable).toBe('run the probe for threads');
    noData(workerPoolExhausted, without(pool(), 'requests'));
  });
});
