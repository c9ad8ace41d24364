import { describe, expect, it } from 'vitest';
import { overheadFact } from '../../src/facts/overhead.js';
import { factReader } from '../../src/facts/reader.js';
import { requestsBetween, requestsFact } from '../../src/facts/requests.js';
import type { LoadSummary } from '../../src/types.js';
import { loadText, runOf, s, window } from './run.js';

const load = { probe: 'load' as const, window: 'all' as const };
const cutRun = (rps: (t: number) => number) => runOf({
  windows: [window('startup', -1, -0.5), window('warmup', 0, 2), window('clean', 2, 4), window('observed', 4, 5), window('clean', 5, 7), window('drain', 7, 7.1)],
  texts: [[load, loadText(0, 7, rps)]],
});

describe('requests', () => {
  it('quotes the clean windows, not the warm-up and not what the probes slowed', () => {
    const read = factReader(cutRun((t) => (t < 2 ? 100 : t >= 4 && t < 5 ? 500 : 1000)));
    const requests = read(requestsFact);
    if (!requests.ok) throw new Error(requests.reason);

    expect(requests.value.headline.rps).toBeCloseTo(1000);
    expect(requests.value.headline.completed).toBeCloseTo(4000);
    expect(requests.value.all.completed).toBeCloseTo(4500);
    expect(requests.value.drift).toBeCloseTo(1);
    expect(requests.value.byWindow.find((w) => w.name === 'observed')?.rps).toBeCloseTo(500);
    expect(requests.value.headline.latencyMs?.p50).toBeCloseTo(10, 0);
    // Little's law: 1000 a second, 10 ms each.
    expect(requests.value.inFlight).toBeCloseTo(10, 0);
    expect(requestsBetween(requests.value, s(3.9), s(4.1))).toBeCloseTo(150);
  });

  it('tells drift from a steady rate', () => {
    const requests = factReader(cutRun((t) => (t < 4 ? 1000 : 1500)))(requestsFact);
    expect(requests.ok && requests.value.drift).toBeCloseTo(1.5);
  });

  it('of a run that was ended in its warm-up gives what there is', () => {
    const requests = factReader(runOf({ windows: [window('warmup', 0, 1)], texts: [[load, loadText(0, 1, () => 80)]] }))(requestsFact);
    expect(requests.ok && requests.value.all.completed).toBeCloseTo(80);
  });

  it('of wrk, which adds requests that it did not send to its mean: no longer than all connections allow', () => {
    const slices = loadText(0, 7, () => 1000).replace(/"latencyUs":\{[^}]*\}/g, '"latencyUs":{}');
    const latencyMs = { mean: 80, p50: 12, p90: 15, p99: 30, p999: 90, max: 200 };
    const summary: LoadSummary = {
      type: 'summary', tool: 'wrk', startNs: 0, endNs: s(7), completed: 7000, statuses: {}, errors: {}, timeouts: 0, non2xx: 0,
      connectionsOpened: null, latencyMs, output: '',
    };
    const run = runOf({ windows: [window('warmup', 0, 2), window('clean', 2, 7)], texts: [[load, `${slices}${JSON.stringify(summary)}\n`]] });
    const { connections } = run.manifest.settings.load;
    const requests = factReader(run)(requestsFact);
    expect(requests).toMatchObject({ ok: true, value: { headline: { latencyMs: { ...latencyMs, mean: connections } } } });
    expect(requests.ok && requests.value.inFlight).toBeCloseTo(connections);
  });

  it('has nothing to say of a run without load', () => {
    expect(factReader(runOf({ windows: [window('startup', 0, 1)] }))(requestsFact)).toMatchObject({ ok: false });
  });
});

describe('overhead', () => {
  it('is the rate with heavy probes over the rate without', () => {
    const overhead = factReader(cutRun((t) => (t >= 4 && t < 5 ? 800 : 1000)))(overheadFact);
    expect(overhead).toMatchObject({ ok: true, value: { byWindow: [{ name: 'observed', ratio: 0.8 }] } });
    expect(overhead.ok && overhead.value.throughputRatio).toBeCloseTo(0.96);
  });

  it('is unknown, not zero, without a clean window', () => {
    const read = factReader(runOf({ windows: [window('observed', 0, 5)], texts: [[load, loadText(0, 5, () => 100)]] }));
    expect(read(overheadFact)).toMatchObject({ ok: false });
  });
});
