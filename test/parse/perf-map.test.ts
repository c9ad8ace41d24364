import { expect, it } from 'vitest';
import { parsePerfMap } from '../../src/parse/perf-map.js';

const map = parsePerfMap(`7f0000001000 100 JS:~ node:internal/socket_list:1:1
7f0000002000 80 Builtin:ArrayMap
garbage
7f0000001040 20 JS:*editDistance /app/x.js:2:1
7f0000000f00 110 JS:*rank /app/x.js:9:1
`);

it.each([
  [0x7f0000001050, 'JS:*editDistance /app/x.js:2:1'],
  [0x7f0000001005, 'JS:*rank /app/x.js:9:1'],
  [0x7f0000001080, 'JS:~ node:internal/socket_list:1:1'],
  [0x7f0000002000, 'Builtin:ArrayMap'],
  [0x7f0000002080, null],
  [0x10, null],
])('what lies at %i was written last', (address, name) => expect(map(address)).toBe(name));
