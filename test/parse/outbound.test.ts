import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSockets } from '../../src/parse/bpf-sockets.js';
import { ipv4, ipv6 } from '../../src/parse/ip-words.js';
import { parseSsOutbound } from '../../src/parse/ss-outbound.js';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/raw/${name}`, import.meta.url), 'utf8');

describe('calls to others, by eBPF', () => {
  it('eight connections, each with a call of 40 ms under way all the time', () => {
    const capture = parseSockets(fixture('bpftrace/sockets-node-pool-of-eight.ndjson'));
    expect(capture?.outbound).toHaveLength(1);
    const [peer] = capture?.outbound ?? [];
    expect(peer).toMatchObject({ family: 'inet', protocol: 'tcp', address: '127.0.0.1', port: 39_217, pendingAtClose: 8 });
    expect(peer?.meanPending).toBeGreaterThan(7.8);
    expect(peer?.meanPending).toBeLessThan(8.05);
    expect((peer?.wait.sumNs ?? 0) / (peer?.wait.count ?? 1) / 1e6).toBeCloseTo(40.5, 0);
  });

  it('names unix sockets, and abstract ones no longer than they are', () => {
    const text = [
      '{"type": "printf", "data": "open 1000\\n"}',
      '{"type": "printf", "data": "unix 18446612686499773952 /run/my cache.sock\\n"}', '{"type": "printf", "data": "abstract 18446612686499773952 13 run/my cache.sock\\n"}',
      '{"type": "printf", "data": "unix 88 \\n"}', '{"type": "printf", "data": "abstract 88 3 busXYZ\\n"}',
      '{"type": "printf", "data": "end 3000\\n"}',
      '{"type": "map", "data": {"@close": 2000}}',
      '{"type": "map", "data": {"@out_asks": {"256,0,-131387209777664,0": 2, "256,0,88,0": 1}}}',
      '{"type": "map", "data": {"@out_asked_ns": {"256,0,-131387209777664,0": 700, "256,0,88,0": 500}}}',
      '{"type": "map", "data": {"@out_replied_ns": {"256,0,-131387209777664,0": 600}}}',
      '{"type": "map", "data": {"@out_wait": {"256,0,-131387209777664,0,4": 1}}}',
    ].join('\n');
    // Asked at 200 and 500, answered at 600 and not yet: 400 + 500 of 1000 ns.
    expect(parseSockets(text)?.outbound).toMatchObject([
      { family: 'unix', address: '/run/my cache.sock', meanPending: 0.9, pendingAtClose: 1 },
      { family: 'unix', address: '@bus', meanPending: 0.5 },
    ]);
  });

  it('writes addresses as people do', () => {
    expect(ipv4('16777343')).toBe('127.0.0.1');
    expect(ipv4('-1')).toBe('255.255.255.255');
    expect(ipv6('0', String(1n << 24n))).toBe('::1');
    expect(ipv6('0', '0')).toBe('::');
    expect(ipv6('0', String((0xffff0000n << 32n) | 16777343n))).toBe('127.0.0.1');
    expect(ipv6(String(0xb80d0120n << 32n), String(1n << 24n))).toBe('2001:db8::1');
  });
});

describe('calls to others, by ss', () => {
  const { listeners, looks } = parseSsOutbound(fixture('ss/outbound-pool-of-eight.txt'));

  it('knows who listens', () => {
    expect(listeners.find((l) => l.port === 39_217)).toMatchObject({ protocol: 'tcp', address: '127.0.0.1', process: 'node' });
    expect(parseSsOutbound('# 1 listeners\nu_str LISTEN 0 511 /run/redis.sock 13021 * 0 users:(("redis-server",pid=71,fd=7))\n').listeners)
      .toEqual([{ protocol: 'unix', address: '/run/redis.sock', port: 0, process: 'redis-server', pid: 71 }]);
  });

  it('sees eight connections, nearly all of them waiting, and not the accepted ends', () => {
    expect(looks).toHaveLength(3);
    for (const { sockets } of looks) {
      expect(sockets).toHaveLength(8);
      expect(sockets.every((s) => s.port === 39_217)).toBe(true);
      expect(sockets.filter((s) => s.pending).length).toBeGreaterThanOrEqual(6);
    }
  });

  it('tells who waits: sent since it last received, connecting; not who has unread bytes', () => {
    const [look] = parseSsOutbound([
      '# 1 outbound',
      'ESTAB 0 0 10.0.0.1:40000 10.0.0.9:5432 ino:5 bytes_sent:10 bytes_received:90 lastsnd:4 lastrcv:400',
      'ESTAB 0 0 10.0.0.1:40001 10.0.0.9:5432 ino:6 bytes_sent:10 bytes_received:90 lastsnd:400 lastrcv:4',
      'ESTAB 0 0 10.0.0.1:40002 10.0.0.9:5432 ino:7 bytes_sent:10 lastsnd:4 lastrcv:4',
      'ESTAB 9 0 10.0.0.1:40003 10.0.0.9:5432 ino:8 bytes_sent:10 bytes_received:90 lastsnd:4 lastrcv:400',
      'SYN-SENT 0 1 10.0.0.1:40004 [2001:db8::1]:443 ino:9',
      'ESTAB 0 0 [::ffff:10.0.0.1]:40005 [::ffff:10.0.0.9]:5432 ino:10 bytes_sent:10 bytes_received:90 lastrcv:8',
      'ss: garbage',
    ].join('\n')).looks;
    expect(look?.sockets.map((s) => s.pending)).toEqual([true, false, true, false, true, true]);
    expect(look?.sockets.at(-1)).toMatchObject({ address: '10.0.0.9', port: 5432 });
    expect(look?.sockets[4]).toMatchObject({ address: '2001:db8::1', port: 443 });
  });
});
