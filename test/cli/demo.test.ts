import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultDemos, demoTable, listDemos } from '../../src/cli/demo.js';

let dir = '';
beforeEach(() => { dir = mkdtempSync(path.join(tmpdir(), 'whyslow-demo-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function fixture(id: string, expected: unknown): void {
  mkdirSync(path.join(dir, id, 'lib'), { recursive: true });
  writeFileSync(path.join(dir, id, 'server.js'), '');
  if (expected !== null) writeFileSync(path.join(dir, id, 'expect.json'), JSON.stringify(expected));
}

it('makes the fixture\'s own files absolute and leaves all other words', () => {
  fixture('b', { title: 'B', start: ['node', '--flag', 'server.js', 'lib', 'server.js:app', ''], env: { K: 'v' }, load: { connections: 7, keepAlive: false }, needs: ['npm:koa', 'redis'] });
  fixture('a', { start: ['x'] });
  fixture('unfinished', null);
  expect(listDemos(dir)).toEqual([
    { id: 'a', title: '', command: ['x'], env: {}, load: {}, needs: [] },
    { id: 'b', title: 'B', command: ['node', '--flag', path.join(dir, 'b', 'server.js'), 'lib', 'server.js:app', ''], env: { K: 'v' }, load: { connections: 7, keepAlive: false }, needs: ['npm:koa', 'redis'] },
  ]);
  expect(demoTable(listDemos(dir))).toBe('  a  \n  b  B (needs npm:koa, redis)\n');
});

it('has nothing where nothing is bundled', () => {
  expect(listDemos(path.join(dir, 'none'))).toEqual([]);
});

it('shows the Node demo always, and the Flask one or the way to get it', async () => {
  for (const id of ['flask-gevent-hello', 'node-hello', 'node-missing-files']) fixture(id, { start: ['x'] });
  const { demos, note } = await defaultDemos(listDemos(dir));
  expect(demos.map(({ id }) => id)).toEqual(note === null ? ['node-missing-files', 'flask-gevent-hello'] : ['node-missing-files']);
  if (note !== null) expect(note).toContain('apt install');
});
