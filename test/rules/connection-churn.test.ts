import { describe, expect, it } from 'vitest';
import { connectionChurn } from '../../src/rules/connection-churn.js';
import { frame, hot, hotFunction, kernelWork, nodeHello, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** `Connection: close` on each answer (fixtures/servers/node-closing). */
const closing = (): FactValues => ({
  requests: requests(50, 8_000),
  threads: threads([thread(0.95)]),
  sockets: sockets({ acceptsPerRequest: 1, serverClosesFirst: true }),
  'kernel-work': kernelWork({ writev: 0.1, shutdown: 0.07, accept4: 0.05, epoll_ctl: 0.04, close: 0.03, setsockopt: 0.015 }, { msPerRequest: 0.07 }),
  'hot-functions': hot([hotFunction(frame('onconnection', 'node:net', { origin: 'runtime' }), 0.31, 0.31), hotFunction(frame('handle', '/app/lib/app.js'), 0.05, 0.3)], { app: 0.1, runtime: 0.6 }),
});

describe('connection-churn', () => {
  it('says what it takes and who closes', () => {
    const f = finding(connectionChurn, closing());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'socket' } });
    expect(f.summary).toContain('the server closes');
    expect(f.cost.share).toBeCloseTo(0.31, 2);
  });

  it('makes do with the kernel\'s side, and with connections as the load counted them', () => {
    expect(finding(connectionChurn, without(closing(), 'hot-functions')).cost.share).toBeCloseTo(0.205, 2);
    const counted = finding(connectionChurn, { ...closing(), sockets: sockets({ acceptsPerRequest: null }), requests: requests(50, 8_000, { window: { connectionsOpened: 40_000 } }) });
    expect(counted.evidence[0]?.value).toBe(1);
  });

  it('warns of keep-alive where Nagle is on and answers come in pieces', () => {
    const f = finding(connectionChurn, { ...closing(), sockets: sockets({ acceptsPerRequest: 1, serverClosesFirst: true, noDelay: false, sendsPerResponse: 2 }) });
    expect(f.advice[0]).toContain('TCP_NODELAY');
  });

  it('is a note where the load asked for it, unless hardly anything else is done', () => {
    const asked = { ...without(closing(), 'hot-functions'), requests: requests(50, 8_000, { keepAlive: false }) };
    expect(finding(connectionChurn, asked)).toMatchObject({ kind: 'note', summary: expect.stringContaining('asked') });
    expect(finding(connectionChurn, { ...closing(), requests: requests(50, 8_000, { keepAlive: false }) }).kind).toBe('cause');
  });

  it('is absent where connections are kept, or cost nothing beside the work', () => {
    absent(connectionChurn, { ...nodeHello(), 'kernel-work': kernelWork({ writev: 0.2 }) });
    expect(absent(connectionChurn, { ...without(closing(), 'hot-functions'), 'kernel-work': kernelWork({ accept4: 0.02, close: 0.02 }, { msPerRequest: 3 }) })).toContain('4%');
  });

  it('has no data where nobody counted connections', () => {
    noData(connectionChurn, without(closing(), 'sockets'));
    noData(connectionChurn, without(closing(), 'kernel-work'));
  });
});
