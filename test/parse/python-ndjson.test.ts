import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pythonFrame } from '../../src/parse/python-frame.js';
import { parsePythonNdjson } from '../../src/parse/python-ndjson.js';

const captured = readFileSync(new URL('../../fixtures/raw/python/python.18729.ndjson', import.meta.url), 'utf8');

describe('parsePythonNdjson', () => {
  it('reads a real capture', () => {
    const { meta, gc, profile, own, malformed } = parsePythonNdjson(captured);
    expect(malformed).toBe(0);
    expect(meta).toMatchObject({ pid: 18729, implementation: 'cpython', version: '3.11.2' });
    expect(gc.length).toBeGreaterThan(3);
    expect(own).toHaveLength(1);
    const [main] = profile?.threads ?? [];
    expect(main).toMatchObject({ tid: 18729, name: 'MainThread' });
    expect(profile?.modules).toContain('gunicorn');
    const sampledNs = (main?.samples ?? []).reduce((sum, s) => sum + s.cpuNs, 0);
    expect(sampledNs / (profile?.cpuNs ?? 0)).toBeGreaterThan(0.9);
    expect(sampledNs / (profile?.cpuNs ?? 0)).toBeLessThan(1.02);
    const frames = main?.samples.flatMap((s) => s.stack.frames) ?? [];
    expect(frames.some((f) => f.package === 'django' && f.name === 'NodeList.render')).toBe(true);
    expect(frames.some((f) => f.origin === 'app' && f.name === 'draw')).toBe(true);
  });

  it('counts a cut last line and lines of unknown shape, and keeps the rest', () => {
    const whole = parsePythonNdjson(captured);
    const cut = parsePythonNdjson(`${captured.slice(0, 3000)}\n[]\n{"type":"stack","id":1,"line":2,"functions":["x"]}\nnull\n{"type":"gc","startNs":1}`);
    expect(cut.meta).toEqual(whole.meta);
    expect(cut.malformed).toBeGreaterThanOrEqual(4);
    expect(cut.profile).toBeNull();
  });
});

describe('pythonFrame', () => {
  const of = (file: string) => pythonFrame('f', file, 3, { stdlib: '/usr/lib/python3.11' });

  it.each([
    ['/app/shop/views.py', 'app', null],
    ['/app/venv/lib/python3.11/site-packages/django/template/base.py', 'dependency', 'django'],
    ['/usr/lib/python3/dist-packages/six.py', 'dependency', 'six'],
    ['/usr/lib/python3.11/json/encoder.py', 'runtime', null],
    ['/usr/lib/python3.11/site-packages/Foo-1.2-py3.11.egg/foo/a.py', 'dependency', 'Foo'],
    ['<frozen importlib._bootstrap>', 'runtime', null],
    ['<string>', 'app', null],
  ])('%s is of the %s', (file, origin, owner) => {
    expect(of(file)).toMatchObject({ origin, package: owner, kind: 'python', line: 3 });
  });
});
