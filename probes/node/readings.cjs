/*
 * What preload.cjs makes of the runtime's own numbers. Pure: the state is the caller's.
 */
'use strict';

module.exports = { performanceOrigin, delayOf, allocatedBetweenGcs, countByName, hottestAppShare };

/** Monotonic ns at which performance.now() was 0; the narrowest of a few readings. */
function performanceOrigin(mono, performance) {
  let best = { width: Infinity, originNs: 0 };
  for (let i = 0; i < 5; i += 1) {
    const before = mono();
    const nowNs = performance.now() * 1e6;
    const after = mono();
    if (after - before < best.width) best = { width: after - before, originNs: (before + after) / 2 - nowNs };
  }
  return best.originNs;
}

/** Null when the loop turned not once. */
function delayOf(histogram) {
  const { min, mean, max, exceeds } = histogram;
  if (!(max > 0)) return null;
  return { min, mean: Math.round(mean), p50: histogram.percentile(50), p99: histogram.percentile(99), max, exceeds };
}

/** Heap growth over the stretches without a collection: only there is growth what was allocated. */
function allocatedBetweenGcs(samples, gcs) {
  let bytes = 0;
  let ns = 0;
  let g = 0;
  for (let i = 2; i < samples.length; i += 2) {
    const from = samples[i - 2];
    const to = samples[i];
    while (g < gcs.length && gcs[g][1] + gcs[g][2] < from) g += 1;
    const grown = samples[i + 1] - samples[i - 1];
    if (grown < 0 || (g < gcs.length && gcs[g][1] < to)) continue;
    bytes += grown;
    ns += to - from;
  }
  return { bytes, ns };
}

function countByName(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] || 0) + 1;
  return counts;
}

/** Of the samples that were not idle, how many the busiest function outside the runtime has on top. */
function hottestAppShare(profile, ownFolder) {
  const hits = {};
  let busy = 0;
  for (const { callFrame, hitCount } of profile.nodes) {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    if (functionName === '(idle)') continue;
    busy += hitCount || 0;
    if (url === '' || url.startsWith('node:') || url.startsWith(ownFolder)) continue;
    const key = `${url}:${lineNumber}:${columnNumber}`;
    hits[key] = (hits[key] || 0) + (hitCount || 0);
  }
  return busy === 0 ? 0 : Math.max(0, ...Object.values(hits)) / busy;
}
