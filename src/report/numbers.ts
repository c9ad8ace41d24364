/** Figures as a person says them: three digits that matter, the unit always there. */

/** 2,293   12.3k   4.5M */
export function count(value: number): string {
  if (value >= 999_500) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 10_000) return value >= 99_950 ? `${Math.round(value / 1000)}k` : `${(value / 1000).toFixed(1)}k`;
  if (value >= 1000) return whole(value);
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

/** Never shortened: where a count must be exact. 93,271 */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Given in ms: 40 ns, 12.0 us, 0.43 ms is said as 430 us, 43.6 ms, 1.20 s, 2 min 5 s. */
export function time(ms: number, unicode = true): string {
  if (ms === 0) return '0 ms';
  if (ms < 0.000_999_5) return `${Math.round(ms * 1e6)} ns`;
  if (ms < 0.999_5) return `${digits(ms * 1000)} ${unicode ? 'µs' : 'us'}`;
  if (ms < 999.5) return `${digits(ms)} ms`;
  if (ms < 119_500) return `${digits(ms / 1000)} s`;
  const s = Math.round(ms / 1000);
  return `${Math.floor(s / 60)} min ${s % 60} s`;
}

/** 151 B, 1.2 kB, 3.4 MB */
export function bytes(value: number): string {
  if (value < 1000) return `${Math.round(value)} B`;
  const steps = ['kB', 'MB', 'GB', 'TB'];
  let scaled = value / 1000;
  let step = 0;
  while (scaled >= 999.5 && step < steps.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  return `${digits(scaled)} ${steps[step]}`;
}

/** 0.92 -> 92%; something small is never shown as nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.005) return '<1%';
  return `${Math.round(share * 100)}%`;
}

/** Events a request: 2.00, 0.12, 23.4, 340 */
export function perRequest(value: number): string {
  if (value === 0) return '0';
  if (value < 0.005) return '<0.01';
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : whole(value);
}

/** A time that was chosen, not measured: 10 s, 500 ms, 2.5 s. */
export const span = (ms: number, unicode = true): string => time(ms, unicode).replace(/\.0+(?= )|(\.\d*?[1-9])0+(?= )/, '$1');

/** 1 tick, 23 ticks */
export const plural = (n: number, one: string): string => `${whole(n)} ${one}${n === 1 ? '' : 's'}`;

/** Three digits that matter: 4.36, 43.6, 436 */
function digits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}
