import { describe, expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { requestsFact } from '../../src/facts/requests.js';
import { runOf, s, window } from './run.js';

const ss = { probe: 'ss' as const, window: 'all' as const, file: 'ss.txt' };
const proc = { probe: 'proc' as const, window: 'all' as const };

/** A look: connections by the client's port, with the data segments that came in. */
const look = (t: number, segments: Record<string, number>, waiting = 0): string => [
  `# ${String(s(t))} established`,
  ...Object.entries(segments).map(([port, n]) => `ESTAB 0 0 127.0.0.1:80 127.0.0.1:${port} ts sack cubic rto:204 rtt:0.1/0.1 data_segs_out:${String(n)} data_segs_in:${String(n)}`),
  `# ${String(s(t))} listen`, `LISTEN ${String(waiting)} 511 127.0.0.1:80 0.0.0.0:*`, '',
].join('\n');

const opened = (counts: readonly number[]): string => [
  { type: 'header', version: 1, tNs: s(0), arch: 'x64', cpus: 2, clockTicksHz: 100, pageBytes: 4096, tickNs: 1e7 },
  ...counts.map((PassiveOpens, i) => ({ type: 'slice', tNs: s(i), net: { PassiveOpens } })),
].map((record) => `${JSON.stringify(record)}\n`).join('');

const requestsOf = (looks: string[], opens: [number, number] = [0, 0]) => {
  const run = runOf({
    windows: [window('clean', 0, 2)],
    texts: [[ss, looks.join('')], [proc, opened(opens)]],
  });
  run.manifest.loadTool = null;
  return factReader(run)(requestsFact);
};

describe('requests of a server\'s own clients that nobody counted one by one', () => {
  it('are what came in on its connections, of new ones from their first on', () => {
    const requests = requestsOf([look(0, { 1: 100, 2: 50 }), look(1, { 1: 200, 2: 50, 3: 30 }), look(2, { 1: 300, 2: 60, 3: 30 })], [7, 8]);
    expect(requests).toMatchObject({ ok: true, value: { source: 'server', headline: { completed: 240, rps: 120 } } });
  });

  it('are in flight on connections that nobody has accepted yet as well', () => {
    const requests = requestsOf([look(0, { 1: 1 }, 4), look(1, { 1: 50 }, 4), look(2, { 1: 99 }, 5)]);
    expect(requests).toMatchObject({ ok: true, value: { connections: 4 } });
  });

  it('are not told where connections come and go between two looks', () => {
    expect(requestsOf([look(0, { 1: 1, 2: 1 }), look(1, { 3: 1 }), look(2, { 4: 1 })])).toMatchObject({ ok: false });
    expect(requestsOf([look(0, { 1: 100 }), look(1, { 1: 200 }), look(2, { 1: 300 })], [0, 1000])).toMatchObject({ ok: false });
  });

  it('are not told of a kernel that does not count segments', () => {
    expect(requestsOf([0, 1, 2].map((t) => look(t, { 1: 5 }).replace(/ data_segs_in:\d+/g, '')))).toMatchObject({ ok: false });
  });
});
