import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** As a stranger's npm: npm hands its own settings on to scripts in the environment. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== 'NODE_OPTIONS'));

describe('the package', () => {
  let folder: string;
  let packed: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whyslow-package-'));
    const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, env, extendEnv: false });
    // npm up to 11 prints a list, later ones an object by name.
    const [made] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, { filename: string; files: { path: string }[] }>);
    if (!made) throw new Error(`npm pack made nothing: ${stdout}`);
    packed = made.files.map(({ path }) => path);
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
    await execa('npm', ['install', `./${tarball}`, '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder, env, extendEnv: false });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const whyslow = (...args: string[]) => execa('npx', ['--no-install', 'whyslow', ...args], { cwd: folder, env, extendEnv: false, reject: false });

  it('holds what runs and what is read, and no more', () => {
    expect(packed).toEqual(expect.arrayContaining([
      'bin/whyslow.js', 'dist/cli.js', 'LICENSE', 'README.md', 'CHANGELOG.md', 'probes/node/preload.cjs',
      'fixtures/servers/node-missing-files/server.js', 'fixtures/servers/node-missing-files/expect.json',
    ]));
    expect(packed.filter((path) => /^(src|test|scripts|node_modules)\/|__pycache__|\.built$/.test(path))).toEqual([]);
  });

  it('tells its version', async () => {
    const { stdout, exitCode } = await whyslow('--version');
    expect({ stdout, exitCode }).toEqual({ stdout: expect.stringMatching(/^\d+\.\d+\.\d+/), exitCode: 0 });
  });

  it('tells what can be observed here', async () => {
    const { stdout, exitCode } = await whyslow('env');
    expect(exitCode).toBe(0);
    for (const probe of ['proc', 'node', 'perf', 'strace', 'syscalls']) expect(stdout).toContain(probe);
  });

  it('lists its demos', async () => {
    const { stdout, exitCode } = await whyslow('demo', 'list');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('node-missing-files') });
  });
});
