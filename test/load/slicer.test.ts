import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nowNs } from '../../src/load/load-file.js';
import { slicer } from '../../src/load/slicer.js';

/** Lengths of the slices that come of `work`, ms; they join up. */
async function lengthsOf(work: (slices: ReturnType<typeof slicer>) => Promise<void>): Promise<number[]> {
  const edges = [nowNs()];
  const slices = slicer(edges[0] ?? 0, (endNs) => edges.push(endNs));
  await work(slices);
  slices.end();
  return edges.slice(1).map((ns, i) => (ns - (edges[i] ?? 0)) / 1e6);
}

describe('slicer', () => {
  it('cuts by the clock', async () => {
    const lengths = await lengthsOf(() => sleep(600));
    expect(lengths).toHaveLength(3);
    expect(Math.min(...lengths.slice(0, 2))).toBeGreaterThan(245);
  });

  it('cuts where asked, and by the clock anew from there', async () => {
    const [asked, byClock] = await lengthsOf(async (slices) => {
      await sleep(100);
      slices.cut();
      await sleep(350);
    });
    expect(asked).toBeGreaterThan(95);
    expect(asked).toBeLessThan(250);
    expect(byClock).toBeGreaterThan(245);
  });

  it('makes one edge of two that are asked for at once', async () => {
    expect(await lengthsOf(async (slices) => {
      await sleep(50);
      slices.cut();
      slices.cut();
      await sleep(50);
    })).toHaveLength(2);
  });
});
