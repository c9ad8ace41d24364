import { describe, expect, it } from 'vitest';
import { cpuBoundUser } from '../../../src/rules/cpu-bound-user.js';
import type { Frame, HotFunction, HotFunctionsFact } from '../../../src/types.js';
import { hot, requests, thread, threads, type FactValues } from '../facts.js';
import { absent, finding } from '../judge.js';

const py = (name: string, file: string, origin: Frame['origin'], line = 12): Frame => ({ name, file, line, kind: 'python', origin, package: origin === 'dependency' ? 'django' : null });
const fn = (frame: Frame, selfShare: number, totalShare: number, ownedShare: number, callers: Frame[] = []): HotFunction => ({ frame, selfShare, totalShare, ownedShare, callers });
const server = (functions: HotFunction[], byOrigin: Partial<HotFunctionsFact['byOrigin']>): FactValues =>
  ({ requests: requests(20, 120), threads: threads([thread(0.99, { name: 'python3', systemShare: 0.03 })]), 'hot-functions': hot(functions, byOrigin, { source: 'python' }) });

const middleware = py('TimingMiddleware.__call__', '/srv/shop/timing.py', 'app');
const view = py('index', '/srv/shop/views.py', 'app');
const draw = py('draw', '/srv/shop/page.py', 'app');
const handler = py('BaseHandler._get_response', '/usr/lib/python3/dist-packages/django/core/handlers/base.py', 'dependency');
const render = py('render_to_string', '/usr/lib/python3/dist-packages/django/template/loader.py', 'dependency');
const nodes = Array.from({ length: 10 }, (_, i) => py(`Node${i}.render`, '/usr/lib/python3/dist-packages/django/template/base.py', 'dependency', i));

describe('cpu-bound-user, where the profile tells who answers for what', () => {
  it('names the program\'s function that calls the templates, not the middleware above nor a part of the engine', () => {
    const f = finding(cpuBoundUser, server([
      ...nodes.map((n) => fn(n, 0.08, 0.4, 0.4, [render, draw, view, handler, middleware])),
      fn(render, 0.01, 0.88, 0.88, [draw, view, handler, middleware]), fn(draw, 0, 0.9, 0.9, [view, handler, middleware]),
      fn(view, 0, 0.91, 0.91, [handler, middleware]), fn(handler, 0.01, 0.94, 0, [middleware]), fn(middleware, 0, 0.95, 0.01, []),
    ], { dependency: 0.9, app: 0.05 }));
    expect(f.culprit?.name).toContain('draw');
    expect(f.summary).toContain('render_to_string');
    expect(f.cost.share).toBeGreaterThan(0.8);
  });

  it('names a function by itself where it holds most of what its callers answer for', () => {
    const distance = py('edit_distance', '/usr/lib/python3/dist-packages/fuzzy/distance.py', 'dependency');
    const f = finding(cpuBoundUser, server([fn(distance, 0.8, 0.8, 0.8, [view, handler]), fn(view, 0.02, 0.85, 0.85, [handler]), fn(handler, 0.02, 0.95, 0)], { app: 0.05, dependency: 0.85 }));
    expect(f.culprit?.name).toContain('edit_distance');
  });

  it('names who calls the standard library', () => {
    const encode = py('JSONEncoder.iterencode', '/usr/lib/python3.11/json/encoder.py', 'runtime');
    const dumps = py('dumps', '/usr/lib/python3.11/json/__init__.py', 'runtime');
    const f = finding(cpuBoundUser, server([fn(encode, 0.7, 0.72, 0.72, [dumps, view, handler]), fn(dumps, 0, 0.72, 0.72, [view, handler]), fn(view, 0.01, 0.8, 0.8, [handler])], { runtime: 0.8, app: 0.02 }));
    expect(f.culprit?.name).toContain('index');
    expect(f.summary).toContain('iterencode');
  });

  it('is absent on a framework that serves next to nothing, whoever started it', () => {
    const main = py('main', '/srv/app.py', 'app');
    const parts = Array.from({ length: 12 }, (_, i) => fn(py(`part${i}`, '/usr/lib/python3/dist-packages/flask/app.py', 'dependency', i), 0.06, 0.1, 0, [handler, main]));
    absent(cpuBoundUser, server([...parts, fn(handler, 0.05, 0.97, 0, [main]), fn(view, 0.02, 0.03, 0.03, [handler, main]), fn(main, 0, 1, 0)], { dependency: 0.9, app: 0.02 }));
  });
});
