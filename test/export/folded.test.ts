import { expect, it } from 'vitest';
import { folded } from '../../src/export/folded.js';
import { frame, HOSTILE, profileOf } from './profiles.js';

const native = frame('uv_run', { kind: 'native', file: '/usr/bin/node', line: null });

it('is a line a stack, root first, in microseconds, kinds by the endings that flamegraph.pl knows', () => {
  const text = folded(profileOf([
    [[native, frame('render')], 612],
    [[native, frame('writev', { kind: 'syscall', file: null, line: null }), frame('tcp_sendmsg', { kind: 'kernel', file: null, line: null })], 1.5],
    [[frame('inner', { tier: 'inlined' })], 0.0001],
  ]));
  expect(text).toBe('node 71;uv_run (node);render /srv/app/lib/x.js:12_[j] 612000\nnode 71;uv_run (node);writev_[k];tcp_sendmsg_[k] 1500\n');
});

it('adds up stacks that read the same', () => {
  expect(folded(profileOf([[[frame('f', { tier: 'optimized' })], 1], [[frame('f', { tier: 'interpreted' })], 2]]))).toBe('node 71;f /srv/app/lib/x.js:12_[j] 3000\n');
});

it('keeps one record a stack whatever the names are', () => {
  const text = folded(profileOf(HOSTILE.map((name) => [[frame('root'), frame(name, { file: name })], 2])));
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(HOSTILE.length);
  for (const line of lines) {
    expect(line).toMatch(/^[^;]+;[^;]+;[^;]+ 2000$/);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
    expect(line.length).toBeLessThan(1500);
  }
});
