import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { expect, it } from 'vitest';
import { pprof } from '../../src/export/pprof.js';
import { frame, HOSTILE, OPTIONS, profileOf } from './profiles.js';

const twoStacks = profileOf([[[frame('main', { line: 3 }), frame('render')], 600], [[frame('main', { line: 3 })], 10]]);

it('is a gzipped profile: leaf first, count and time, labels, one function a name and file', () => {
  const profile = Profile.decode(gunzipSync(pprof(twoStacks, OPTIONS)));
  const { strings } = profile.stringTable;
  const text = (i: number | bigint): string => strings[Number(i)] ?? '';
  expect(profile.sampleType.map((t) => `${text(t.type)}/${text(t.unit)}`)).toEqual(['samples/count', 'cpu/nanoseconds']);
  const names = new Map(profile.function.map((f) => [f.id, `${text(f.name)} ${text(f.filename)}`]));
  const places = new Map(profile.location.map((l) => [l.id, `${names.get(l.line[0]!.functionId)}:${String(l.line[0]!.line)}`]));
  expect(profile.sample.map((s) => s.locationId.map((id) => places.get(id)))).toEqual([['render /srv/app/lib/x.js:12', 'main /srv/app/lib/x.js:3'], ['main /srv/app/lib/x.js:3']]);
  expect(profile.sample.map((s) => s.value.map(Number))).toEqual([[300, 600e6], [5, 10e6]]);
  expect(profile.sample[0]!.label.map((l) => [text(l.key), text(l.str) || Number(l.num)])).toEqual([['thread', 'node'], ['tid', 71], ['pid', 71]]);
  expect(Number(BigInt(profile.timeNanos) / 1_000_000n)).toBe(Date.parse(OPTIONS.createdAt));
  expect(Number(profile.durationNanos)).toBe(1e9);
  expect(strings[0]).toBe('');
});

const hasGo = spawnSync('go', ['version']).status === 0;

it.skipIf(!hasGo)('is accepted by go tool pprof (skipped where go is not installed: apt install golang-go)', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-pprof-'));
  const top = (profile: typeof twoStacks, ...options: string[]): string => {
    writeFileSync(path.join(dir, 'x.pb.gz'), pprof(profile, OPTIONS));
    const { status, stdout, stderr } = spawnSync('go', ['tool', 'pprof', '-top', '-symbolize=none', '-nodefraction=0', ...options, path.join(dir, 'x.pb.gz')], { encoding: 'utf8', env: { ...process.env, PPROF_TMPDIR: dir, HOME: dir } });
    expect(status, stderr).toBe(0);
    return stdout;
  };
  try {
    const lines = top(twoStacks).split('\n');
    expect(lines.find((l) => l.includes('Duration'))).toMatch(/Duration: 1s, Total samples = 610ms \(61\.00%\)/);
    expect(lines.filter((l) => /%.*%/.test(l) && !l.includes('Showing')).map((l) => l.trim().split(/\s+/)).slice(-2).map((w) => [w[0], w.at(-1)])).toEqual([['600ms', 'render'], ['10ms', 'main']]);
    expect(top(twoStacks, '-lines')).toContain('render /srv/app/lib/x.js:12');
    const hostile = top(profileOf(HOSTILE.map((name) => [[frame(name, { file: name })], 1])));
    expect(hostile).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expect(hostile).toContain('<img src=x onerror=alert(1)>');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
