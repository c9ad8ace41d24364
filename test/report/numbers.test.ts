import { describe, expect, it } from 'vitest';
import { bytes, count, percent, perRequest, plural, span, time, whole } from '../../src/report/numbers.js';

describe('figures for people', () => {
  it.each([[0, '0'], [4.68, '4.7'], [47, '47'], [999, '999'], [2293.4, '2,293'], [9999, '9,999'], [12_345, '12.3k'], [99_960, '100k'], [418_200, '418k'], [999_600, '1.00M'], [4_500_000, '4.50M']])('count %f is %s', (n, text) => {
    expect(count(n)).toBe(text);
  });

  it.each([[0, '0 ms'], [0.000_04, '40 ns'], [0.000_999_9, '1.00 µs'], [0.43, '430 µs'], [0.9999, '1.00 ms'], [43.6, '43.6 ms'], [999.9, '1.00 s'], [12_340, '12.3 s'], [125_000, '2 min 5 s']])('%f ms is %s', (ms, text) => {
    expect(time(ms)).toBe(text);
  });

  it('says us where there is no µ', () => {
    expect(time(0.43, false)).toBe('430 us');
  });

  it.each([[10_000, '10 s'], [5000, '5 s'], [2500, '2.5 s'], [10, '10 ms'], [100, '100 ms'], [12_340, '12.3 s']])('a span of %f ms is %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });

  it.each([[151, '151 B'], [1234, '1.23 kB'], [999_600, '1.00 MB'], [3_400_000_000, '3.40 GB']])('%i bytes are %s', (n, text) => {
    expect(bytes(n)).toBe(text);
  });

  it.each([[0, '0%'], [0.001, '<1%'], [0.922, '92%'], [1, '100%'], [1.87, '187%']])('share %f is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });

  it.each([[0, '0'], [0.001, '<0.01'], [2, '2.00'], [23, '23.0'], [340, '340'], [3271, '3,271']])('%f a request is %s', (n, text) => {
    expect(perRequest(n)).toBe(text);
  });

  it('separates thousands exactly', () => {
    expect([999, 1000, 93_271, 1_000_000].map(whole)).toEqual(['999', '1,000', '93,271', '1,000,000']);
    expect([plural(1, 'tick'), plural(2, 'tick')]).toEqual(['1 tick', '2 ticks']);
  });
});
