import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { driverFor } from '../../src/load/driver.js';
import { parseWrkRecord, wrkErrors } from '../../src/load/wrk-record.js';
import { buildLoad } from './built.js';
import { alive, drive, http, loadSettings, serve, sum } from './drive.js';

beforeAll(buildLoad, 120_000);

const hasWrk = (await driverFor('wrk').check()).ok;
const hello = http((_req, res) => { res.end('hello'); });

describe.skipIf(!hasWrk)('wrk', { timeout: 30_000 }, () => {
  it('counts answers by status over time, and keeps its own percentiles', () => {
    let n = 0;
    return serve(http((_req, res) => { res.statusCode = n++ % 4 ? 200 : 503; res.end('hello'); }), async (server) => {
      const { slices, summary, live } = await drive('wrk', server.url, { durationS: 1 });
      const answered = sum(slices, (s) => s.completed);
      // Those under way at the end reach the server, but are not answered.
      expect(answered).toBeGreaterThan(server.requests - 6);
      expect(answered).toBeLessThanOrEqual(server.requests);
      expect(sum(slices, (s) => s.bytes)).toBe(answered * 5);
      expect(summary?.statuses['503']).toBe(summary?.non2xx);
      expect((summary?.statuses['503'] ?? 0) + (summary?.statuses['200'] ?? 0)).toBe(answered);
      expect(summary).toMatchObject({ tool: 'wrk', completed: answered, errors: {}, timeouts: 0, connectionsOpened: null });
      expect(summary?.latencyMs?.p50).toBeGreaterThan(0);
      expect(summary?.latencyMs?.max).toBeGreaterThanOrEqual(summary?.latencyMs?.p99 ?? Infinity);
      expect(summary?.output).toContain('Requests/sec');
      expect(summary?.output).not.toContain('whyslow-wrk');
      expect(slices.length).toBeGreaterThanOrEqual(3);
      expect(live).toEqual(slices);
    });
  });

  it('sends the request it was told, and closes when told to', () => {
    const seen = new Set<string>();
    const echo = http((req, res) => {
      let body = '';
      req.on('data', (chunk) => { body += String(chunk); }).on('end', () => {
        seen.add(JSON.stringify([req.method, req.url, req.headers['x-a'], req.headers.connection, body]));
        res.end();
      });
    });
    return serve(echo, async (server) => {
      await drive('wrk', `${server.url}p?q=1`, { method: 'POST', headers: [['X-A', 'a b']], body: 'body\0', keepAlive: false });
      expect([...seen]).toEqual([JSON.stringify(['POST', '/p?q=1', 'a b', 'close', 'body\0'])]);
      expect(server.connections).toBeGreaterThan(server.requests - 8);
    });
  });

  it('does not call it an error when the server closes after each answer', () => {
    const closing = () => createServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    return serve(closing, async (server) => {
      const { summary } = await drive('wrk', server.url, { durationS: 0.5 });
      expect(summary?.completed).toBeGreaterThan(10);
      expect(summary?.errors).toEqual({});
    });
  });

  it('calls it an error when the server resets every other connection', () => {
    let n = 0;
    return serve(http((req, res) => { if (n++ % 2) req.socket.resetAndDestroy(); else res.end(); }), async (server) => {
      const { summary } = await drive('wrk', server.url, { durationS: 0.5 });
      expect(summary?.errors['read error']).toBeGreaterThan((summary?.completed ?? 0) / 2);
    });
  });

  it('counts connections that all hang as timeouts', () => serve(http(() => {}), async (server) => {
    const { summary } = await drive('wrk', server.url, { durationS: 1.3, timeoutS: 1 });
    expect(summary).toMatchObject({ completed: 0, timeouts: 4, latencyMs: null });
  }));

  it('refuses what wrk cannot do, and names what can', async () => {
    const start = (over: object) => driverFor('wrk').start('http://127.0.0.1:1/', loadSettings(over), '/nonexistent/load.ndjson');
    await expect(start({ amount: 5 })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('autocannon') as string });
    await expect(start({ rate: 5 })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('autocannon') as string });
    await expect(start({ method: 'HEAD' })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('autocannon') as string });
  });

  it('ends on stop() with its figures, and leaves nothing behind', () => serve(hello, async (server) => {
    const { summary, pid } = await drive('wrk', server.url, { durationS: 600 }, async (load) => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      await load.stop();
    });
    expect(summary?.latencyMs?.p50).toBeGreaterThan(0);
    expect(alive(pid ?? 0)).toBe(false);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('whyslow-wrk-'))).toEqual([]);
  }));

  it('says so when wrk was killed', () => serve(hello, async (server) => {
    const { summary } = await drive('wrk', server.url, { durationS: 600 }, async (load) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      process.kill(load.pid ?? 0, 'SIGKILL');
    });
    expect(summary?.completed).toBeGreaterThan(0);
    expect(summary).toMatchObject({ errors: { 'generator ended with SIGKILL': 1 }, latencyMs: null });
  }));
});

describe('the record of wrk', () => {
  const line = '{"durationUs":1,"requests":10,"bytes":1,"connect":1,"read":12,"write":0,"status":0,"timeout":0,"meanUs":1,"p50Us":1,"p90Us":1,"p99Us":1,"p999Us":1,"maxUs":1}';

  it('is taken out of the output', () => {
    const { record, output } = parseWrkRecord(`Running\nRequests/sec: 5\n\nwhyslow-wrk ${line}\n`);
    expect(record?.requests).toBe(10);
    expect(output).toBe('Running\nRequests/sec: 5');
  });

  it.each(['', 'Running 2s test', 'whyslow-wrk {"requests":', 'whyslow-wrk {nonsense}'])('may be missing: %j', (text) => {
    expect(parseWrkRecord(text).record).toBeNull();
  });

  it('takes one read error for each answer from a server that closes', () => {
    const { record } = parseWrkRecord(`whyslow-wrk ${line}`);
    expect(record && wrkErrors(record, true)).toEqual({ 'connect error': 1, 'read error': 2 });
    expect(record && wrkErrors(record, false)).toEqual({ 'connect error': 1, 'read error': 12 });
  });
});
