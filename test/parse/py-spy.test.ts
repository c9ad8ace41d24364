import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePySpy } from '../../src/parse/py-spy.js';
import { parsePythonNdjson } from '../../src/parse/python-ndjson.js';

const TEXT = readFileSync(new URL('../../fixtures/raw/python/py-spy.23835.json', import.meta.url), 'utf8');

describe('a profile by py-spy', () => {
  it('is read as one of our own sampler: innermost first, CPU time shared out', () => {
    const profile = parsePySpy(TEXT);
    expect(profile).toMatchObject({ pid: 23835, cpuNs: 790_000_000 });
    const [thread] = profile?.threads ?? [];
    expect(thread).toMatchObject({ tid: 23835, name: 'MainThread' });
    expect(thread?.samples).toHaveLength(12);
    expect(thread?.samples.reduce((sum, { cpuNs }) => sum + cpuNs, 0)).toBeCloseTo(790_000_000, 0);
    const frames = thread?.samples[0]?.stack.frames ?? [];
    expect(frames[0]).toMatchObject({ name: 'edit_distance', file: '/app/fuzzyrank/distance.py', line: 1, origin: 'app' });
    expect(frames.find(({ file }) => file?.endsWith('wsgiref/handlers.py'))).toMatchObject({ origin: 'runtime' });
  });

  it('a package in the interpreter\'s own folder is a package', () => {
    const raw = JSON.parse(TEXT) as { shared: { frames: { file: string }[] } };
    raw.shared.frames[0]!.file = '/usr/lib/python3.11/site-packages/fast/a.py';
    expect(parsePySpy(JSON.stringify(raw))?.threads[0]?.samples[0]?.stack.frames[0]).toMatchObject({ origin: 'dependency', package: 'fast' });
  });

  it('anything else is none, and is none to the reader of our own records', () => {
    for (const text of ['', '{', '[]', 'null', '{"whyslow":{}}', TEXT.slice(0, 500), '{"whyslow":{"pid":1,"startNs":1,"endNs":2,"cpuNs":3},"shared":{"frames":3},"profiles":[]}']) expect(parsePySpy(text)).toBeNull();
    const hostile = '{"whyslow":{"pid":1,"startNs":1,"endNs":2,"cpuNs":3},"shared":{"frames":[null,{"name":7}]},"profiles":[null,{"name":"Thread 5","samples":[null,[0,99,"x"],[{}]]}]}';
    expect(parsePySpy(hostile)?.threads[0]?.samples).toHaveLength(3);
    expect(parsePythonNdjson(TEXT).profile).toBeNull();
  });
});
