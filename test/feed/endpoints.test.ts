import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { metric, point } from '../../src/export/metric.js';
import { postOtlp } from '../../src/feed/post-otlp.js';
import { scrapeServer } from '../../src/feed/scrape-server.js';

const read = () => ({ metrics: metric('a', '', 'gauge', 'h', [point(1)]), resource: { attributes: {} } });

describe('the scrape endpoint', () => {
  it('answers /metrics in the text format, and nothing else', async () => {
    const server = await scrapeServer('127.0.0.1', 0, read);
    try {
      const response = await fetch(server.url);
      expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(await response.text()).toContain('# TYPE a gauge\na 1\n');
      expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404);
      expect((await fetch(server.url, { method: 'POST', body: 'x' })).status).toBe(405);
      expect((await fetch(`${server.url}?x=1`)).status).toBe(200);
    } finally {
      await server.close();
    }
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('says in one line that its port is taken', async () => {
    const server = await scrapeServer('127.0.0.1', 0, read);
    await expect(scrapeServer('127.0.0.1', Number(new URL(server.url).port), read)).rejects.toThrow(/^--prometheus: cannot listen on 127.0.0.1 port \d+ \(EADDRINUSE\); give another one$/);
    await server.close();
  });
});

/** A collector that answers so; gives what it got. */
async function collector(status: number, body: string, use: (url: string) => Promise<void>): Promise<{ request: IncomingMessage; body: string }[]> {
  const got: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
      got.push({ request, body: text });
      response.writeHead(status, { location: '/elsewhere' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return got;
}

describe('posting to a collector', () => {
  it('sends JSON, with the headers asked for', async () => {
    const [got] = await collector(200, '{"partialSuccess":{}}', async (url) => expect(await postOtlp(url, '{"x":1}', { 'api-key': 'k' })).toBeNull());
    expect(got).toMatchObject({ body: '{"x":1}', request: { method: 'POST', url: '/v1/metrics', headers: { 'content-type': 'application/json', 'api-key': 'k' } } });
  });

  it.each([
    [400, 'bad\u001b[2J', 'it answered 400: bad\u001b[2J'],
    [503, '', 'it answered 503'],
    [302, '', 'unexpected redirect'],
    [200, '{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"no such tenant"}}', 'it refused 3 of the figures: no such tenant'],
  ])('%i %s is told', async (status, body, why) => {
    await collector(status, body, async (url) => expect(await postOtlp(url, '{}')).toBe(why));
  });

  it('tells that nobody listens', async () => {
    expect(await postOtlp('http://127.0.0.1:9/v1/metrics', '{}')).toMatch(/ECONNREFUSED|bad port/);
    expect(await postOtlp('http://127.0.0.1:18999/v1/metrics', '{}')).toBe('ECONNREFUSED');
  });
});
