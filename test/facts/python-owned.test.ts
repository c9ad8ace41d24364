import { describe, expect, it } from 'vitest';
import { owned } from '../../src/facts/python-owned.js';
import { pythonFrame } from '../../src/parse/python-frame.js';

const PLACES = { app: '/srv/shop/', dep: '/usr/lib/python3/dist-packages/', std: '/usr/lib/python3.11/' } as const;
/** `app:views.py:index`, innermost first. */
const ownedOf = (...places: string[]): string[] => {
  const frames = places.map((place) => {
    const [origin = 'app', file = '', name = ''] = place.split(':');
    return pythonFrame(name, PLACES[origin as keyof typeof PLACES] + file, 1, { stdlib: '/usr/lib/python3.11' });
  });
  return frames.filter((_, i) => owned(frames)[i]).map((f) => f.name);
};

describe('owned', () => {
  it('the innermost code of the program and what it calls; not the middleware above it', () => {
    expect(ownedOf('dep:django/template/base.py:render', 'app:views.py:index', 'dep:django/core/handlers/base.py:_get_response', 'app:middleware.py:__call__', 'dep:gunicorn/workers/sync.py:handle', 'app:server.py:<module>'))
      .toEqual(['render', 'index']);
  });

  it('nobody answers for the framework alone, least of all who started it', () => {
    expect(ownedOf('dep:gevent/pywsgi.py:write', 'dep:gevent/pywsgi.py:handle', 'dep:gevent/baseserver.py:serve_forever', 'app:server.py:main', 'app:server.py:<module>')).toEqual([]);
    expect(ownedOf('std:selectors.py:select', 'std:asyncio/base_events.py:run_forever', 'app:server.py:main', 'app:server.py:<module>')).toEqual([]);
  });

  it('a server by hand, and a function of the program in a thread, answer for what they call', () => {
    expect(ownedOf('std:json/encoder.py:encode', 'app:server.py:handle', 'app:server.py:main', 'app:server.py:<module>')).toEqual(['encode', 'handle', 'main']);
    expect(ownedOf('dep:lxml/etree.py:parse', 'app:pool.py:work', 'std:threading.py:run', 'std:threading.py:_bootstrap')).toEqual(['parse', 'work']);
  });
});
