import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requires } from '../require.js';
import { alive, bin, fixtureDir, whyslow } from './whyslow.js';

const tmux = requires('tmux');
const server = join(fixtureDir('node-hello'), 'server.js');

/** A terminal of its own, with a shell that leaves the terminal's modes alone: what whyslow does not give back stays lost. */
let dir = '';
const call = (...args: string[]): string =>
  execFileSync('tmux', ['-u', '-S', join(dir, 'tmux'), '-f', '/dev/null', ...args], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', PS1: 'ready> ', TMUX: '' } });
const screen = (): string[] => call('capture-pane', '-p').split('\n').slice(0, -1);
const press = (...keys: string[]): string => call('send-keys', ...keys);
const ask = (format: string): string => call('display-message', '-p', `#{${format}}`).trim();

async function until(what: RegExp, timeoutMs = 40_000): Promise<string[]> {
  for (const endMs = Date.now() + timeoutMs; ; await sleep(100)) {
    const lines = screen();
    if (what.test(lines.join('\n'))) return lines;
    if (Date.now() > endMs) throw new Error(`${String(what)} did not come; the screen:\n${lines.join('\n')}`);
  }
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whyslow-live-'));
});
afterEach(async () => {
  try {
    call('kill-server');
  } catch { /* no server */ }
  for (let i = 0; i < 100 && alive(dir).length > 0; i += 1) await sleep(100);
  rmSync(dir, { recursive: true, force: true });
});

async function start(...args: string[]): Promise<void> {
  call('new-session', '-d', '-x', '80', '-y', '24', '-c', dir, 'sh', '-i');
  await until(/ready>/);
  press('-l', `${process.execPath} ${bin} --live --json ${dir}/report.json ${args.join(' ')} -- node ${server}; echo code=$?`);
  press('Enter');
}

/** A terminal as a shell wants it. */
async function expectTerminalBack(): Promise<void> {
  press('-l', 'stty -a | tr ";" "\\n" | grep icanon; stty -a | grep -o -w -e "-echo" -e "echo"');
  press('Enter');
  const lines = await until(/isig icanon[^]*\necho\n/);
  expect(lines.join('\n')).toMatch(/^isig icanon/m);
  expect(ask('alternate_on')).toBe('0');
  expect(ask('cursor_flag')).toBe('1');
}

describe.skipIf(tmux.skip)('the live view in a terminal', () => {
  it('shows the run on 80x24, follows keys and a new size, and ends with the report on the terminal as it was', async () => {
    await start('-d', '20');
    const first = await until(/[1-9][\d.,k]* req\/s/);
    expect(first).toHaveLength(24);
    expect(first[0]).toMatch(/^ whyslow {2}node /);
    expect(first.join('\n')).toMatch(/ load .*\n latency .*\n verdict [^]* thread .*busy[^]* 1 syscalls 2 failing paths 3 hot functions 4 findings/);
    expect(ask('alternate_on')).toBe('1');

    press('?');
    await until(/take a CPU profile now/);
    press('?');
    press('4');
    await until(/4 findings {2}by rank|nothing is judged/);
    press('-l', '/zz');
    await until(/type what to look for/);
    press('Escape');
    await until(/q quit/);
    press('p');
    await until(/HELD/);
    press('p');

    call('resize-window', '-x', '110', '-y', '50');
    const large = await until(/hot functions\n[^]*findings\n[^]*q quit/);
    expect(large).toHaveLength(50);
    expect(large[0]).toMatch(/ s left $| s left$/);
    call('resize-window', '-x', '80', '-y', '24');

    press('c');
    await until(/a CPU profile comes next|right now/);
    press('w');
    await until(/the whole run will be kept in whyslow-/);
    await until(/verdict .* sure/);
    press('q');
    const last = await until(/code=0/);
    expect(last.join('\n')).toContain('the run is kept');
    expect(existsSync(join(dir, 'report.json'))).toBe(true);
    const [kept = ''] = readdirSync(dir).filter((name) => name.startsWith('whyslow-'));
    const again = await whyslow(['report', join(dir, kept), '--json', '-']);
    expect(JSON.parse(String(again.stdout))).toMatchObject({ interrupted: 'ended early by the user' });
    expect((JSON.parse(String(again.stdout)) as { phases: { name: string }[] }).phases.map(({ name }) => name)).toContain('profile');
    await expectTerminalBack();
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('gives the terminal back after %s', async (signal) => {
    await start('-d', '20');
    await until(/ load .*req\/s/);
    const [pid] = alive(bin, '--live', dir);
    process.kill(pid!, signal);
    // What the shell says at once may go to the screen that is about to be left.
    for (let i = 0; i < 150 && ask('alternate_on') === '1'; i += 1) await sleep(100);
    await sleep(300);
    await expectTerminalBack();
  });
});

describe('without a terminal', () => {
  it.each([[], ['--json', '-']])('one line and exit code 2', async (...args) => {
    const { exitCode, stdout, stderr } = await whyslow(['--live', ...args.flat(), '--', 'node', '-v']);

    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(String(stderr)).toMatch(/^whyslow: --live needs a terminal, and stdout is none; .*$/);
  });
});
