import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { latencyOf, mergeLatency } from '../../src/parse/latency.js';
import { buildLoad } from './built.js';
import { alive, drive, http, serve, sum } from './drive.js';

beforeAll(buildLoad, 120_000);

const hello = http((_req, res) => { res.end('hello'); });
const AMOUNT = 521;

describe('autocannon', { timeout: 30_000 }, () => {
  it('counts what the server counts, in slices of its own clock', () => serve(hello, async (server) => {
    const beforeNs = Number(process.hrtime.bigint());
    const { slices, summary, live } = await drive('autocannon', server.url, { durationS: 0.8, warmupS: 0.2 });
    expect(summary?.completed).toBe(server.requests);
    expect(sum(slices, (s) => s.completed)).toBe(server.requests);
    expect(sum(slices, (s) => s.statuses['200'] ?? 0)).toBe(server.requests);
    expect(summary).toMatchObject({ tool: 'autocannon', errors: {}, timeouts: 0, non2xx: 0, connectionsOpened: server.connections });
    expect(slices.length).toBeGreaterThanOrEqual(4);
    expect(slices[0]?.startNs).toBeGreaterThan(beforeNs);
    slices.slice(1).forEach((slice, i) => expect(slice.startNs).toBe(slices[i]?.endNs));
    expect(live).toEqual(slices);
    const answered = mergeLatency(slices.map((s) => s.latencyUs));
    expect(Object.values(answered).reduce((a, b) => a + b, 0)).toBe(server.requests);
  }));

  it.each([1, 10, 100])('sends exactly the amount over %i connections', (connections) => serve(hello, async (server) => {
    const { summary } = await drive('autocannon', server.url, { amount: AMOUNT, connections });
    expect(server.requests).toBe(AMOUNT);
    expect(summary).toMatchObject({ completed: AMOUNT, errors: {}, connectionsOpened: connections });
  }));

  it.each([1, 10, 100])('sends exactly the amount over %i connections that the server closes each time', (connections) => {
    const closing = http((_req, res) => { res.setHeader('connection', 'close').end('hello'); });
    return serve(closing, async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: AMOUNT, connections });
      expect(server).toMatchObject({ requests: AMOUNT, connections: AMOUNT });
      expect(summary).toMatchObject({ completed: AMOUNT, errors: {}, connectionsOpened: AMOUNT });
    });
  });

  it('does not count requests that a closing server never read', () => {
    const silentlyClosing = http((req, res) => { res.end('hello', () => req.socket.destroy()); });
    return serve(silentlyClosing, async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: AMOUNT, connections: 10 });
      expect(summary).toMatchObject({ completed: AMOUNT, errors: {} });
      expect(server.requests).toBe(AMOUNT);
    });
  });

  it('sends fewer requests than connections when asked', () => serve(hello, async (server) => {
    const { summary } = await drive('autocannon', server.url, { amount: 3, connections: 100 });
    expect(server).toMatchObject({ requests: 3, connections: 3 });
    expect(summary?.completed).toBe(3);
  }));

  it('keeps the warm-up apart from the counted requests', () => serve(hello, async (server) => {
    const { slices, summary } = await drive('autocannon', server.url, { amount: AMOUNT, warmupS: 0.5 });
    expect(summary?.completed).toBe(AMOUNT);
    const counted = slices.filter((s) => s.startNs >= (summary?.startNs ?? 0));
    expect(sum(counted, (s) => s.completed)).toBe(AMOUNT);
    expect(sum(slices, (s) => s.completed)).toBe(server.requests);
    expect(server.requests).toBeGreaterThan(AMOUNT);
  }));

  it('opens a connection for each request without keep-alive', () => {
    const seen = new Set<string>();
    return serve(http((req, res) => { seen.add(`${req.rawHeaders}`); res.end('hello'); }), async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: 200, keepAlive: false });
      expect(server).toMatchObject({ requests: 200, connections: 200 });
      expect(summary).toMatchObject({ completed: 200, connectionsOpened: 200, errors: {} });
      expect([...seen].join().match(/connection/gi)).toHaveLength(1);
    });
  });

  it('sends the method, headers and body it was told', () => {
    const seen = new Set<string>();
    const echo = http((req, res) => {
      let body = '';
      req.on('data', (chunk) => { body += String(chunk); }).on('end', () => {
        seen.add(JSON.stringify([req.method, req.url, req.headers['x-a'], req.headers.host, req.headers['content-length'], body]));
        res.end();
      });
    });
    return serve(echo, async (server) => {
      await drive('autocannon', `${server.url}p?q=1`, { amount: 8, method: 'PUT', headers: [['X-A', 'é'], ['Host', 'there']], body: 'bodÿ' });
      expect([...seen]).toEqual([JSON.stringify(['PUT', '/p?q=1', Buffer.from('é').toString('latin1'), 'there', '5', 'bodÿ'])]);
    });
  });

  it('counts statuses, and measures latency', () => {
    let n = 0;
    return serve(http((_req, res) => { setTimeout(() => { res.statusCode = n++ % 2 ? 404 : 200; res.end(); }, 50); }), async (server) => {
      const { slices, summary } = await drive('autocannon', server.url, { amount: 40 });
      expect(summary).toMatchObject({ completed: 40, non2xx: 20, statuses: { 200: 20, 404: 20 } });
      const { p50, mean } = latencyOf(mergeLatency(slices.map((s) => s.latencyUs)));
      expect(p50).toBeGreaterThan(48);
      expect(mean).toBeLessThan(150);
    });
  });

  it('reads bodies that end with the connection, and answers without one', () => {
    const http10 = (counted: { requests: number }) => createServer((socket) => {
      socket.once('data', () => { counted.requests++; socket.end('HTTP/1.0 200 OK\r\n\r\nhello'); });
    });
    return serve(http10, async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: 50 });
      expect(summary).toMatchObject({ completed: 50, errors: {}, timeouts: 0 });
      expect(server.requests).toBe(50);
    });
  });

  it('waits for no body after HEAD', () => serve(http((_req, res) => { res.setHeader('content-length', 5).end(); }), async (server) => {
    const { summary } = await drive('autocannon', server.url, { amount: 50, method: 'HEAD', timeoutS: 2 });
    expect(summary).toMatchObject({ completed: 50, timeouts: 0 });
    expect(server.requests).toBe(50);
  }));

  it('takes 100 and 103 for what they are', () => {
    const hints = http((_req, res) => { res.writeContinue(); res.writeEarlyHints({ link: '</a>; rel=preload' }); res.end('x'); });
    return serve(hints, async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: 50 });
      expect(summary?.statuses).toEqual({ 200: 50 });
    });
  });

  it('counts resets as errors', () => {
    let n = 0;
    const resetting = http((req, res) => { if (n++ % 2) req.socket.resetAndDestroy(); else res.setHeader('connection', 'close').end(); });
    return serve(resetting, async (server) => {
      const { summary } = await drive('autocannon', server.url, { amount: 100 });
      expect(summary).toMatchObject({ completed: 50, errors: { ECONNRESET: 50 } });
      expect(server.requests).toBe(100);
    });
  });

  it('counts what never comes as timeouts, and asks anew', () => serve(http(() => {}), async (server) => {
    const { summary } = await drive('autocannon', server.url, { amount: 8, timeoutS: 0.2 });
    expect(summary).toMatchObject({ completed: 0, timeouts: 8, errors: {} });
    expect(server.requests).toBe(8);
  }));

  it('counts refused connections without spinning, and nonsense as errors', async () => {
    const url = await serve(hello, async (server) => server.url);
    const { summary } = await drive('autocannon', url, { durationS: 0.5 });
    const refused = summary?.errors['ECONNREFUSED'] ?? 0;
    expect(refused).toBeGreaterThan(4);
    expect(refused).toBeLessThan(1000);
    await serve(() => createServer((socket) => { socket.once('data', () => socket.write('SSH-2.0-x\r\n')); }), async (server) => {
      const nonsense = await drive('autocannon', server.url, { amount: 8 });
      expect(nonsense.summary).toMatchObject({ completed: 0, errors: { 'malformed answer': 8 } });
    });
  });

  it('spreads a rate evenly', () => serve(hello, async (server) => {
    const { slices, summary } = await drive('autocannon', server.url, { rate: 200, durationS: 1.5, connections: 10 });
    expect(summary?.completed).toBeGreaterThan(285);
    expect(summary?.completed).toBeLessThanOrEqual(302);
    for (const slice of slices.slice(1, 5)) expect(Math.abs(slice.completed - (slice.endNs - slice.startNs) * 200e-9)).toBeLessThan(20);
    expect(server.connections).toBe(10);
  }));

  it('does not take the wait of a slow rate for a timeout', () => serve(hello, async (server) => {
    const { summary } = await drive('autocannon', server.url, { rate: 2, durationS: 1.4, connections: 1, timeoutS: 0.2 });
    expect(summary).toMatchObject({ timeouts: 0, completed: 3, connectionsOpened: 1 });
  }));

  it('ends on stop() with a summary, early and with requests under way', () => serve(http((_req, res) => { setTimeout(() => res.end(), 100); }), async (server) => {
    const { summary, pid } = await drive('autocannon', server.url, { durationS: 600 }, async (load) => {
      await new Promise((resolve) => setTimeout(resolve, 350));
      await load.stop();
    });
    expect(summary?.completed).toBe(server.requests);
    expect(summary?.errors).toEqual({});
    expect(alive(pid ?? 0)).toBe(false);
  }));

  it('says so when its process was killed', () => serve(hello, async (server) => {
    const { summary, slices } = await drive('autocannon', server.url, { durationS: 600 }, async (load) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      process.kill(load.pid ?? 0, 'SIGKILL');
    });
    expect(slices.length).toBeGreaterThan(0);
    expect(summary?.errors).toEqual({ 'generator ended with SIGKILL': 1 });
  }));
});
