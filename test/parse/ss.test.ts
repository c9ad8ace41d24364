import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSs } from '../../src/parse/ss.js';
import { summarizeSs } from '../../src/parse/ss-summary.js';

const raw = (name: string) => readFileSync(new URL(`../../fixtures/raw/ss/${name}`, import.meta.url), 'utf8');

describe('ss', () => {
  it('reads every socket of every look', () => {
    const text = raw('flask-gevent-nagle.txt');
    const looks = parseSs(text);
    expect(looks).toHaveLength(text.split('\n').filter((line) => line.endsWith(' established')).length);
    expect(looks.flatMap(({ established }) => established ?? [])).toHaveLength(text.split('\n').filter((line) => line.startsWith('ESTAB')).length);
    expect(looks.every(({ listen }) => listen?.limit === 1024)).toBe(true);
  });

  it('sees what Nagle holds back, and that nothing is held back where it is off', () => {
    const text = raw('flask-gevent-nagle.txt');
    const nagle = summarizeSs(parseSs(text));
    const held = text.split('\n').filter((line) => / notsent:[1-9]/.test(line)).length;
    expect(held).toBeGreaterThan(0);
    expect(nagle.notSentShare).toBeCloseTo(held / nagle.sockets, 10);
    expect(nagle.rttMs).toBeGreaterThan(nagle.minRttMs ?? Infinity);
    expect(summarizeSs(parseSs(raw('node-hello.txt'))).notSentShare).toBe(0);
  });

  it('counts only looks in the range', () => {
    const looks = parseSs(raw('flask-gevent-nagle.txt'));
    expect(summarizeSs(looks, looks[1]?.tNs, looks[2]?.tNs).looks).toBe(2);
    expect(summarizeSs(looks, 0, 1)).toEqual({
      looks: 0, sockets: 0, meanEstablished: 0, notSentShare: null, unackedShare: null, unreadShare: null, rttMs: null, minRttMs: null, listenQueue: null, fullShare: null, drops: null,
    });
  });

  it('reads the older form on two lines, without the state', () => {
    expect(parseSs(raw('multi-line.txt'))).toEqual([{
      tNs: 1e9,
      established: [
        { remote: '127.0.0.1:40001', dataSegmentsIn: null, recvQBytes: 0, sendQBytes: 11, notSentBytes: 11, unackedSegments: 1, rttMs: 20.5, minRttMs: 0.007, retransmits: 3 },
        { remote: '[::ffff:127.0.0.1]:40002', dataSegmentsIn: null, recvQBytes: 0, sendQBytes: 0, notSentBytes: 0, unackedSegments: 0, rttMs: 0.5, minRttMs: null, retransmits: 0 },
      ],
      listen: { waiting: 131, limit: 256, drops: 0 },
    }]);
  });

  it('survives malformed text, and knows a look that was skipped from one that found nothing', () => {
    expect(parseSs(raw('malformed.txt'))).toEqual([
      { tNs: 5, established: [], listen: null },
      { tNs: 6, established: null, listen: { waiting: 3, limit: 511, drops: 0 } },
    ]);
    expect(parseSs('')).toEqual([]);
  });
});
