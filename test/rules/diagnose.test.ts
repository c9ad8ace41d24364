import { describe, expect, it } from 'vitest';
import { diagnose, rank } from '../../src/rules/diagnose.js';
import { unknown } from '../../src/rules/unknown.js';
import type { Finding, Rule } from '../../src/types.js';
import { eventLoop, flaskNagle, frame, gc, hot, hotFunction, ledger, ledgerThread, nodeHello, readerOf, requests, sockets, thread, threads, tick, without, type FactValues } from './facts.js';
import { tailedLatency, tightLatency } from './latency.js';

const judge = (values: FactValues) => diagnose(readerOf(values));
const some = (id: Finding['id'], kind: Finding['kind'], share: number, confidence = 0.9): Finding =>
  ({ id, kind, title: id, summary: '', confidence, cost: { share, msPerRequest: null }, evidence: [], culprit: null, advice: [] });

describe('diagnose', () => {
  it('names Nagle on the kept-alive gevent server, the startup search only as a note', () => {
    const { verdict, findings, ruledOut } = judge(flaskNagle());
    expect(verdict.id).toBe('nagle-delayed-ack');
    expect(findings.map((f) => f.id)).toEqual(['nagle-delayed-ack', 'startup-import-search']);
    expect(ruledOut.map((r) => r.id)).toContain('missing-file-lookups');
  });

  it('finds the same server without keep-alive out of CPU, and names neither Nagle nor a function', () => {
    const closing: FactValues = {
      ...flaskNagle(), requests: requests(100, 5300, { keepAlive: false }), threads: threads([thread(0.99, { name: 'python3', systemShare: 0.25 })]),
      sockets: { ...flaskNagle().sockets!, heldShare: 0.02, heldGapMs: null, acceptsPerRequest: 1 },
    };
    expect(judge(closing).verdict.id).toBe('single-core-bound');
  });

  it('lets a hello server at full load be healthy', () => {
    const { verdict, findings } = judge(nodeHello());
    expect(verdict.id).toBe('healthy');
    expect(findings).toHaveLength(1);
  });

  it('names rare stalls although they cost little of the mean', () => {
    const stalls = Array.from({ length: 10 }, (_, i) => tick(i * 1000, 80, { culprit: frame('rebuild', '/app/rebuild.js') }));
    const { verdict } = judge({ ...nodeHello(), requests: requests(50, 9000, { window: { latencyMs: tailedLatency(5.5, 80) } }), threads: threads([thread(0.6)]), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, stalls) });
    expect(verdict.id).toBe('event-loop-blocked');
  });

  it('ranks causes by cost and drops none', () => {
    const values: FactValues = {
      ...nodeHello(), requests: requests(50, 700), threads: threads([thread(0.99, { systemShare: 0.05 })]), gc: gc(0.25),
      'hot-functions': hot([hotFunction(frame('rank', '/app/rank.js'), 0.6, 0.62), hotFunction(frame('(garbage collector)', null, { kind: 'gc' }), 0.25, 0.25)], { app: 0.65, runtime: 0.1, gc: 0.25 }),
      sockets: sockets({ inService: 48 }),
    };
    expect(judge(values).findings.map((f) => f.id)).toEqual(['cpu-bound-user', 'gc-pressure']);
  });

  it('puts a load that measures errors first, doubts what is behind it and says so', () => {
    const errors = judge({ ...flaskNagle(), requests: requests(100, 2290, { window: { statuses: { 500: 11_450 }, non2xx: 11_450 } }) });
    expect(errors.findings.map((f) => f.id).slice(0, 2)).toEqual(['load-non-2xx', 'nagle-delayed-ack']);
    expect(errors.verdict.advice.at(-1)).toContain('measure again');
    expect(errors.findings[1]!.confidence).toBeLessThan(judge(flaskNagle()).verdict.confidence);
  });

  it('does not let a few errors hide a cause that costs more', () => {
    const few = judge({ ...flaskNagle(), requests: requests(100, 2290, { window: { statuses: { 200: 10_450, 500: 1000 }, non2xx: 1000 } }) });
    expect(few.findings.map((f) => f.id).slice(0, 2)).toEqual(['nagle-delayed-ack', 'load-non-2xx']);
  });

  it('names the pool, not the timer, when few sleep and many wait', () => {
    const workers = Array.from({ length: 4 }, (_, i) => thread(0.01, { pid: 700 + i, waits: [{ in: 'clock_nanosleep', fd: null, share: 0.97 }] }));
    const { verdict, ruledOut } = judge({ requests: requests(50, 39), threads: threads(workers), ledger: ledger(...workers.map((w) => ledgerThread({ 'blocked:clock_nanosleep': 0.97 }, w))), sockets: sockets({ inService: 4, noDelay: null }) });
    expect(verdict.id).toBe('worker-pool-exhausted');
    expect(ruledOut.map((r) => r.id)).toContain('timer-wait');
  });

  it('names the timer when all wait together', () => {
    const { verdict } = judge({ ...nodeHello(), requests: requests(100, 1960, { window: { latencyMs: tightLatency(51) } }), threads: threads([thread(0.12)]), ledger: ledger(ledgerThread({ user: 0.1 })), sockets: sockets({ serviceMs: { mean: 50.7, p10: 50.1, p50: 50.6, p90: 51.4, p99: 54 }, inService: 99 }) });
    expect(verdict.id).toBe('timer-wait');
  });

  it('abstains where nothing fits, and keeps the notes', () => {
    const odd = judge({ ...flaskNagle(), sockets: sockets({ serviceMs: { mean: 40, p10: 3, p50: 22, p90: 130, p99: 400 }, inService: 93 }) });
    expect(odd.verdict.id).toBe('unknown');
    expect(odd.findings.map((f) => f.id)).toEqual(['unknown', 'startup-import-search']);
  });

  it('abstains with nothing observed, and says what and how to enable it', () => {
    const { verdict, notObserved, ruledOut, findings } = judge({});
    expect(verdict.id).toBe('unknown');
    expect(findings).toHaveLength(1);
    expect(ruledOut).toEqual([]);
    expect(notObserved).toHaveLength(13);
    expect(notObserved.find((n) => n.what.startsWith('requests and latency'))).toMatchObject({ what: expect.stringContaining('load-non-2xx'), enable: 'run the probe for requests' });
  });

  it('tells of a missing fact, and which rule could not do without it', () => {
    expect(judge(without(nodeHello(), 'syscalls')).notObserved).toEqual([{ what: 'system calls (could not judge process-spawn-per-request)', why: 'nothing observed syscalls', enable: 'run the probe for syscalls' }]);
  });

  it('tells that a profile names nobody', () => {
    const native = hot([hotFunction(frame('_PyEval_EvalFrameDefault', '/usr/bin/python3', { kind: 'native', origin: 'runtime' }), 0.4, 0.9)], { runtime: 0.8, kernel: 0.2 });
    expect(judge({ ...nodeHello(), 'hot-functions': native }).notObserved.map((n) => n.what)).toEqual(['names of the functions that hold the CPU']);
  });

  it('gives a clear word for every rule: found, ruled out or not judged', () => {
    for (const values of [nodeHello(), flaskNagle(), {}]) {
      const { findings, ruledOut, notObserved } = judge(values);
      const spoken = [...findings.map((f) => f.id), ...ruledOut.map((r) => r.id)].length + notObserved.join().length;
      expect(spoken).toBeGreaterThan(0);
      expect(new Set(findings.map((f) => f.id)).size).toBe(findings.length);
      expect(findings.filter((f) => ruledOut.some((r) => r.id === f.id))).toEqual([]);
    }
  });
});

describe('rivals', () => {
  const rule = (f: Finding): Rule => ({ id: f.id, title: f.id, diagnose: () => ({ kind: 'finding', finding: f }) });
  const judged = (...found: Finding[]) => diagnose(readerOf(nodeHello()), [...found.map(rule), unknown]);

  it('shows a second that costs nearly as much, and none that costs far less', () => {
    expect(judged(some('gc-pressure', 'cause', 0.5), some('cpu-bound-user', 'cause', 0.42)).closeSecond?.id).toBe('cpu-bound-user');
    expect(judged(some('gc-pressure', 'cause', 0.5), some('cpu-bound-user', 'cause', 0.2)).closeSecond).toBeNull();
    expect(judged(some('gc-pressure', 'cause', 0.5), some('cpu-bound-user', 'cause', 0.9, 0.4)).closeSecond).toBeNull();
  });

  it('says of the causes that were not sure enough how to tell them apart', () => {
    const hint = (id: Finding['id']): Finding => ({ ...some(id, 'cause', 0.8, 0.45), advice: ['Do it.', `Check: look at ${id}.`] });
    const { verdict } = judged(hint('timer-wait'), hint('gc-pressure'));
    expect(verdict.id).toBe('unknown');
    expect(verdict.advice.slice(0, 2)).toEqual(['To tell them apart, timer-wait: look at timer-wait.', 'To tell them apart, gc-pressure: look at gc-pressure.']);
    expect(verdict.evidence.map((e) => e.text).join()).toContain('may be timer-wait');
  });
});

describe('rank', () => {
  const ids = (found: Finding[]) => rank(found).map((f) => f.id);
  const tailed = (f: Finding, share: number, ms: number): Finding => ({ ...f, cost: { ...f.cost, tail: { share, ms } } });

  it('lets a finding that owns only the tail lead where nothing costs throughput', () => {
    const stall = tailed(some('event-loop-blocked', 'cause', 0.04), 0.95, 80);
    expect(ids([some('healthy', 'state', 0), stall])).toEqual(['event-loop-blocked']);
    expect(ids([some('gc-pressure', 'cause', 0.4), stall])).toEqual(['gc-pressure', 'event-loop-blocked']);
    // Seconds are felt, whatever the throughput.
    expect(ids([some('gc-pressure', 'cause', 0.4), tailed(stall, 0.95, 3000)])).toEqual(['event-loop-blocked', 'gc-pressure']);
  });

  it('weighs cost by confidence', () => {
    expect(ids([some('gc-pressure', 'cause', 0.5, 0.6), some('cpu-bound-user', 'cause', 0.4, 0.95)])).toEqual(['cpu-bound-user', 'gc-pressure']);
  });

  it('puts states after causes, notes last, hints before notes', () => {
    expect(ids([some('startup-import-search', 'note', 0), some('single-core-bound', 'state', 0.9), some('timer-wait', 'cause', 0.9, 0.4), some('gc-pressure', 'cause', 0.2)]))
      .toEqual(['gc-pressure', 'single-core-bound', 'timer-wait', 'startup-import-search']);
  });

  it('does not let a cause that costs next to nothing make a healthy server ill', () => {
    expect(ids([some('missing-file-lookups', 'cause', 0.06), some('healthy', 'state', 0)])).toEqual(['healthy', 'missing-file-lookups']);
    expect(ids([some('missing-file-lookups', 'cause', 0.3), some('healthy', 'state', 0)])).toEqual(['missing-file-lookups']);
    expect(ids([some('event-loop-blocked', 'cause', 0.06), some('single-core-bound', 'state', 0.5)])).toEqual(['event-loop-blocked', 'single-core-bound']);
  });

  it('puts a service that is waited for behind the loop or the workers that wait for it one at a time, unless those cost little', () => {
    expect(ids([some('blocked-downstream', 'cause', 0.99), some('event-loop-blocked', 'cause', 0.89)])).toEqual(['event-loop-blocked', 'blocked-downstream']);
    expect(ids([some('blocked-downstream', 'cause', 0.99), some('event-loop-blocked', 'cause', 0.05)])).toEqual(['blocked-downstream', 'event-loop-blocked']);
  });
});
