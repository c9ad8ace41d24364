import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { leftOut } from '../scripts/complete-lock.mjs';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as { packages: Parameters<typeof leftOut>[0] };

it('package-lock.json is whole, or npm ci refuses it; if not: node scripts/complete-lock.mjs', () => {
  expect(leftOut(lock.packages).map(({ name }) => name)).toEqual([]);
});

it('an optional package without an entry is noticed', () => {
  const packages = {
    'node_modules/parser': { version: '1.2.3', dev: true, optionalDependencies: { '@parser/linux-x64': '1.2.3', '@parser/darwin-arm64': '1.2.3', fsevents: '^2.0.0' } },
    'node_modules/@parser/linux-x64': { version: '1.2.3' },
  };
  expect(leftOut(packages)).toEqual([{ name: '@parser/darwin-arm64', version: '1.2.3', dev: true }]);
});
