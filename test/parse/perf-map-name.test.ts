import { expect, it } from 'vitest';
import { mappedName } from '../../src/parse/perf-map-name.js';

it.each([
  ['JS:*render /app/lib/view.js:12:20', { name: 'render', kind: 'js', file: '/app/lib/view.js', line: 12, tier: 'optimized' }],
  ['LazyCompile:~handler file:///app/x.mjs:3:1', { name: 'handler', kind: 'js', file: '/app/x.mjs', line: 3, tier: 'interpreted' }],
  ['JS:^get size node:internal/map:4:9', { name: 'get size', kind: 'js', file: 'node:internal/map', line: 4, tier: 'baseline' }],
  ['JS:* /app/a b/c.js:1:1', { name: '(anonymous)', kind: 'js', file: '/app/a b/c.js', line: 1, tier: 'optimized' }],
  ['JS:~eval', { name: 'eval', kind: 'js', file: null, line: null, tier: 'interpreted' }],
  ['py::render:/app/views.py', { name: 'render', kind: 'python', file: '/app/views.py', line: null }],
  ['Builtin:ArrayMap', null],
  ['BytecodeHandler:Star0', null],
])('%s', (symbol, expected) => expect(mappedName(symbol)).toEqual(expected));
