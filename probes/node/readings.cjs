/*
 * What preload.cjs makes of the runtime's own numbers. Pure: the state is the caller's.
 */
'use strict';

module.exports = { performanceOrigin, delayOf, allocatedBetweenGcs, countByName, standingOutShare };

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

/** No function of Node's own is longer; a sampled line beyond belongs to another function, inlined. */
const LONGEST_RUNTIME_FUNCTION_LINES = 150;

/**
 * Of the samples that were not idle, how many the function has that stands out most: any of the app's or a package's
 * by what it has on top; one of the runtime by the lines on top that cannot be its own (app code inlined into it).
 */
function standingOutShare(profile, ownFolder) {
  const hits = {};
  let busy = 0;
  for (const { callFrame, hitCount, positionTicks } of profile.nodes) {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    if (functionName === '(idle)') continue;
    busy += hitCount || 0;
    if (url === '' || url.startsWith(ownFolder)) continue;
    const count = url.startsWith('node:') ? foreignTicks(positionTicks || [], lineNumber + 1) : hitCount || 0;
    const key = `${url}:${lineNumber}:${columnNumber}`;
    hits[key] = (hits[key] || 0) + count;
  }
  return busy === 0 ? 0 : Math.max(0, ...Object.values(hits)) / busy;
}

function foreignTicks(positionTicks, startLine) {
  let ticks = 0;
  for (const tick of positionTicks) {
    if (tick.line < startLine || tick.line > startLine + LONGEST_RUNTIME_FUNCTION_LINES) ticks += tick.ticks;
  }
  return ticks;
}
