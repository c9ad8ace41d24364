import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { Pipeline, World } from '../../src/cli/world.js';
import { throughOtlpSchema } from '../export/otlp-schema.js';
import { sample } from '../report/samples.js';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-feeds-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let out = '';
let err = '';
beforeEach(() => { [out, err] = ['', '']; });

const finished: Pipeline['run'] = async () => ({ report: sample('missing-files'), runDir: mkdtempSync(path.join(dir, 'run-')) });
const world = (run: Pipeline['run'] = finished, env: NodeJS.ProcessEnv = {}): World => ({
  stdout: { write: (text, done) => { out += text; done?.(); } },
  stderr: { write: (text, done) => { err += text; done?.(); } },
  env: { LANG: 'C.UTF-8', ...env }, isRoot: true, version: '9.9.9',
  pipeline: async () => ({ run, reportOf: () => sample('nagle'), timelineOf: () => ({ ok: false, reason: 'not measured' }), environment: () => Promise.reject(new Error('not here')), stacksOf: () => { throw new Error('not here'); } }),
  onInterrupt: () => () => undefined,
});
const never = world(() => Promise.reject(new Error('ran')));

describe('--prometheus FILE', () => {
  it('is written whole at the end of a run, and of a saved one', async () => {
    const file = path.join(dir, 'textfile', 'w.prom');
    mkdirSync(path.dirname(file));
    expect(await main(['--prometheus', file, '--', 'x'], world())).toBe(0);
    expect(out).toContain('WHAT TO DO');
    expect(readFileSync(file, 'utf8')).toContain('whyslow_verdict{whyslow_finding="missing-file-lookups"} 1\n');
    expect(await main(['report', dir, '--prometheus', file], world())).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('whyslow_verdict{whyslow_finding="nagle-delayed-ack"} 1\n');
    expect(readdirSync(path.dirname(file))).toEqual(['w.prom']);
  });

  it('is refused before the run where it cannot be', async () => {
    expect(await main(['--prometheus', path.join(dir, 'no', 'such'), '--', 'x'], never)).toBe(2);
    expect(err).toMatch(/^whyslow: --prometheus ".*such": there is no folder/);
    expect(await main(['--prometheus', '-', '--', 'x'], never)).toBe(2);
    expect(await main(['--prometheus', '', '--', 'x'], never)).toBe(2);
  });
});

describe('--prometheus :PORT', () => {
  it('is scraped while the run goes on, on loopback, and closed after it', async () => {
    let url = '';
    let text = '';
    const scraped: Pipeline['run'] = async (settings, io) => {
      io.onProgress({ window: 'clean', secondsLeft: 1, rps: 5 });
      url = /http:\S+/.exec(err)?.[0] ?? '';
      text = await fetch(url).then((response) => response.text());
      return finished(settings, io);
    };
    expect(await main(['attach', '77', '--prometheus', ':0'], world(scraped))).toBe(0);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(text).toContain('whyslow_window{whyslow_window="clean"} 1');
    await expect(fetch(url)).rejects.toThrow();
  });

  it('is not open to others unless asked for, and not for a saved run', async () => {
    expect(await main(['--prometheus', '0.0.0.0:9464', '--', 'x'], never)).toBe(2);
    expect(err).toContain('would be open to other machines; give only :9464, or --allow-remote as well');
    expect(await main(['--prometheus', ':99999', '--', 'x'], never)).toBe(2);
    err = '';
    expect(await main(['report', dir, '--prometheus', ':9464'], world())).toBe(2);
    expect(err).toContain('name a file');
  });
});

describe('--otlp', () => {
  const collected = async (use: (url: string) => Promise<void>): Promise<{ url: string; auth: string | undefined; body: string }[]> => {
    const got: { url: string; auth: string | undefined; body: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; }).on('end', () => {
        got.push({ url: request.url ?? '', auth: request.headers.authorization, body });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.closeAllConnections();
    server.close();
    return got;
  };

  it('posts what the schema takes, to the path that collectors listen at', async () => {
    const got = await collected(async (url) => {
      const code = await main(['--otlp', url, '--', 'x'], world(finished, { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abc,broken' }));
      expect([code, err]).toEqual([0, '']);
    });
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({ url: '/v1/metrics', auth: 'Bearer abc' });
    expect(throughOtlpSchema(got[0]?.body ?? '')).toEqual(JSON.parse(got[0]?.body ?? ''));
  });

  it('keeps a path of its own', async () => {
    const [got] = await collected(async (url) => void await main(['--otlp', `${url}/tenant/otlp`, '--', 'x'], world()));
    expect(got?.url).toBe('/tenant/otlp');
  });

  it('does not lose the report when nobody listens', async () => {
    expect(await main(['--otlp', 'http://127.0.0.1:18999', '--', 'x'], world())).toBe(0);
    expect(out).toContain('WHAT TO DO');
    expect(err).toBe('whyslow: --otlp: the figures did not reach http://127.0.0.1:18999/v1/metrics: ECONNREFUSED; the report is complete\n');
  });

  it('is for this machine unless --allow-remote, and told before the run', async () => {
    expect(await main(['--otlp', 'http://192.0.2.1:4318', '--', 'x'], never)).toBe(2);
    expect(err).toBe('whyslow: 192.0.2.1 is not this machine; figures are sent only to loopback unless --allow-remote is given\n');
    expect(await main(['report', dir, '--otlp', 'http://192.0.2.1:4318'], world())).toBe(2);
    expect(out).toBe('');
    expect(await main(['--otlp', 'collector:4318', '--', 'x'], never)).toBe(2);
    expect(await main(['--otlp', 'http://u:p@127.0.0.1/', '--', 'x'], never)).toBe(2);
    expect(err).not.toContain('u:p');
  });
});
