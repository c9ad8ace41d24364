import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bpftraceRecords } from '../../src/parse/bpftrace-json.js';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/raw/bpftrace/${name}.ndjson`, import.meta.url), 'utf8');
const records = (text: string | Iterable<string>) => [...bpftraceRecords(text)];
const chunksOf = (text: string, size: number): string[] => Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

describe('bpftrace -f json', () => {
  it.each([1, 7, 1024, 65_536])('reads the same in chunks of %i', (size) => {
    const text = fixture('sockets-flask-gevent');
    const whole = records(text);
    expect(whole.length).toBeGreaterThan(20);
    expect(records(chunksOf(text, size))).toEqual(whole);
  });

  it('reads maps with and without keys, histograms, statistics and text', () => {
    expect(records([
      '{"type": "attached_probes", "data": {"probes": 9}}',
      '{"type": "printf", "data": "slice 2236449317200\\n"}',
      '{"type": "map", "data": {"@close": 2464958051888}}',
      '{"type": "map", "data": {"@ns": {"1,2,-1": 5}}}',
      '{"type": "hist", "data": {"@lat": {"1,2,3": [{"max": -1, "count": 2}, {"min": 0, "max": 0, "count": 1}]}}}',
      '{"type": "stats", "data": {"@s": {"2": {"count": 4, "average": 11, "total": 44}}}}',
      '{"type": "lost_events", "data": {"events": 12}}',
      '{"type": "map", "data": {"@empty": {}}}',
    ].join('\n'))).toEqual([
      { type: 'attached', probes: 9 },
      { type: 'printf', text: 'slice 2236449317200\n' },
      { type: 'map', name: '@close', entries: [['', 2464958051888]] },
      { type: 'map', name: '@ns', entries: [['1,2,-1', 5]] },
      { type: 'hist', name: '@lat', entries: [['1,2,3', [{ min: 0, max: -1, count: 2 }, { min: 0, max: 0, count: 1 }]]] },
      { type: 'stats', name: '@s', entries: [['2', { count: 4, average: 11, total: 44 }]] },
      { type: 'lost', events: 12 },
      { type: 'map', name: '@empty', entries: [] },
    ]);
  });

  it('keeps numbers that a double cannot hold, and digits inside paths as they are', () => {
    const line = '{"type": "map", "data": {"@now": {"7": 15193161071383755, "/x\\",:1234567890123456789,\\"": -9223372036854775808, "8": 4}}}';
    expect(records(line)).toEqual([{
      type: 'map', name: '@now',
      entries: [['7', '15193161071383755'], ['8', 4], ['/x",:1234567890123456789,"', '-9223372036854775808']].sort() as never,
    }].map((r) => ({ ...r, entries: expect.arrayContaining(r.entries) as never })));
  });

  it('reads the bytes of a name that is not ASCII, cut ones and backslashes included', () => {
    const path = (text: string) => records(`{"type": "map", "data": {"@f": {"1,${text}": 1}}}`)[0];
    expect(path('caf\\uffffffc3\\uffffffa9')).toMatchObject({ entries: [['1,café', 1]] });
    expect(path('caf\\uffffffc3')).toMatchObject({ entries: [['1,caf\ufffd', 1]] });
    expect(path('caf\\\\uffffffc3')).toMatchObject({ entries: [['1,caf\\uffffffc3', 1]] });
    expect(path('\\n\\uffffffe2\\uffffff80\\uffffffa8')).toMatchObject({ entries: [['1,\n\u2028', 1]] });
  });

  it.each([
    ['nothing', ''],
    ['blank lines', '\n\n\n'],
    ['text that is no JSON', 'ERROR: no such probe\n<html>'],
    ['a last line cut short', '{"type": "map", "data": {"@ns": {"1,2,'],
    ['JSON of another kind', '[1]\nnull\n"x"\n{"type": 3}\n{"type": "map"}\n{"type": "map", "data": 5}\n{"type": "hist", "data": {"@x": "y"}}\n{"type": "printf", "data": {}}'],
  ])('passes over %s', (_, text) => {
    expect(records(text).filter((r) => r.type !== 'hist')).toEqual([]);
  });

  it('goes on after a bad line', () => {
    expect(records('{"type": "map", "data"\n{"type": "printf", "data": "open 1"}\n')).toEqual([{ type: 'printf', text: 'open 1' }]);
  });
});
