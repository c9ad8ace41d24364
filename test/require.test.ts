import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRequired, missing, required } from '../scripts/capabilities.mjs';

const capabilities = new URL('../scripts/capabilities.mjs', import.meta.url).href;

/** What `missing(need)` says in a process that finds no program but node. */
const missingWithoutPath = (need: string): string => execFileSync(process.execPath, [
  '--input-type=module', '-e', `import { missing } from ${JSON.stringify(capabilities)}; console.log(missing(${JSON.stringify(need)}))`,
], { encoding: 'utf8', env: { PATH: fileURLToPath(new URL('.', import.meta.url)) } }).trim();

describe('what the tests may need', () => {
  it('reads WHYSLOW_REQUIRE', () => {
    expect(required({})).toEqual([]);
    expect(required({ WHYSLOW_REQUIRE: '' })).toEqual([]);
    expect(required({ WHYSLOW_REQUIRE: 'ebpf, strace,' })).toEqual(['ebpf', 'strace']);
  });

  it('refuses a name that it cannot check: a typo would require nothing', () => {
    expect(() => required({ WHYSLOW_REQUIRE: 'epbf' })).toThrow('"epbf" is none of');
  });

  it('a name that is no capability is a module of Debian\'s Python', () => {
    expect(missing('no_such_module_here')).toMatch(/no_such_module_here|there is no/);
    expect(missing('os; import sys')).toMatch(/neither/);
    expect(isRequired('tornado', { WHYSLOW_REQUIRE: 'ebpf,python' })).toBe(true);
    expect(isRequired('tornado', { WHYSLOW_REQUIRE: 'ebpf' })).toBe(false);
    expect(isRequired('redis', { WHYSLOW_REQUIRE: 'python' })).toBe(false);
  });

  it('npm packages of the fixtures are development dependencies: never missing, never skipped', () => {
    for (const name of ['express', 'fastify', 'koa']) expect(missing(`npm:${name}`)).toBeNull();
    expect(missing('npm:no-such-package-here')).toContain('no-such-package-here');
    expect(isRequired('npm:express', {})).toBe(true);
  });

  it.each(['strace', 'perf', 'wrk', 'ss'])('says why %s cannot be had', (need) => {
    expect(missingWithoutPath(need)).toMatch(/ENOENT|not installed/);
  });
});
