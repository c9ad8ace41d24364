import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { Pipeline, World } from '../../src/cli/world.js';
import { targetError, WhyslowError } from '../../src/errors.js';
import { renderJson } from '../../src/report/json.js';
import type { Settings } from '../../src/types.js';
import { sample } from '../report/samples.js';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let out = '';
let err = '';
let ran: { settings: Settings; env: NodeJS.ProcessEnv }[] = [];
let interrupt: (signal: string) => void = () => undefined;
let listening = 0;
let timelinesOf: [dir: string, isThere: boolean][] = [];
beforeEach(() => {
  [out, err, ran, listening, timelinesOf] = ['', '', [], 0, []];
});

type RunPart = Pipeline['run'];
const finished: RunPart = async () => ({ report: sample('missing-files'), runDir: mkdtempSync(path.join(dir, 'run-')) });

/** The pipeline stands in for the machine here; test/smoke runs the real one. */
function world(run: RunPart = finished, over: Partial<World> = {}): World {
  const env = { LANG: 'C.UTF-8' };
  return {
    stdout: { write: (text, done) => { out += text; done?.(); } },
    stderr: { write: (text, done) => { err += text; done?.(); } },
    env, isRoot: true, version: '9.9.9',
    pipeline: async () => ({
      run: (settings, io) => { ran.push({ settings, env: { ...env } }); return run(settings, io); },
      reportOf: () => sample('nagle'),
      timelineOf: (from) => { timelinesOf.push([from, existsSync(from)]); return { ok: false, reason: 'not measured' }; },
      stacksOf: () => ({ profile: { unit: 'cpu', source: 'v8', window: 'profile', durationNs: 1e9, requests: null, stacks: [] }, title: 'x', createdAt: '' }),
      environment: async () => ({ host: { kernel: '6.1', arch: 'x64', cpus: 2, memBytes: 8e9, nodeVersion: 'v20.0.0', isRoot: true, clockTicksHz: 100, pageBytes: 4096, tools: {} }, probes: [{ id: 'proc', status: 'ok', weight: 'light' }] }),
    }),
    onInterrupt: (first) => { interrupt = first; listening += 1; return () => { listening -= 1; }; },
    ...over,
  };
}

describe('exit codes and streams', () => {
  it('0: the report on stdout, nothing of it on stderr', async () => {
    expect(await main(['--', 'x'], world())).toBe(0);
    expect(out).toMatch(/^whyslow 0\.1\.0[^]*Each request looks for 23 files/);
    expect(err).toBe('');
    expect(listening).toBe(0);
  });

  it('1: --fail-on matched, by any finding and not only the verdict', async () => {
    expect(await main(['--fail-on', 'single-core-bound', '--', 'x'], world())).toBe(1);
    expect(err).toBe('whyslow: --fail-on matched: single-core-bound\n');
    expect(await main(['--fail-on', 'gc-pressure,timer-wait', '--', 'x'], world())).toBe(0);
  });

  it('2: wrong use, told before anything is loaded or launched', async () => {
    const never = world(finished, { pipeline: () => Promise.reject(new Error('loaded')) });
    expect(await main(['-c', '0', '-d', '-1', '--', 'x'], never)).toBe(2);
    expect(err.split('\n')).toHaveLength(3);
    expect(await main([], never)).toBe(2);
    expect(err).toContain('whyslow: no command to run; ');
    expect(await main(['--nope'], never)).toBe(2);
    expect(out).toBe('');
  });

  it('3: the target failed; its last lines, at most 20, safe', async () => {
    const output = `${Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n')}\n\u001b[2Jboom\n`;
    expect(await main(['--', 'x'], world(() => Promise.reject(targetError('the server ended with code 1', output))))).toBe(3);
    const lines = err.trimEnd().split('\n');
    expect(lines[0]).toBe('whyslow: the server ended with code 1');
    expect(lines[1]).toBe('  (31 earlier lines left out)');
    expect(lines.at(-1)).toBe('  \\x1b[2Jboom');
    expect(lines).toHaveLength(22);
    expect(listening).toBe(0);
  });

  it('4: nothing could be observed', async () => {
    expect(await main(['--', 'x'], world(() => Promise.reject(new WhyslowError('nothing can be observed here', 4))))).toBe(4);
  });

  it('70: a mistake of ours; the stack only when asked for', async () => {
    const broken: RunPart = () => Promise.reject(new TypeError('x is not a function\u001b[2J'));
    expect(await main(['--', 'x', '--verbose'], world(broken))).toBe(70);
    expect(err).toBe('whyslow: internal error: x is not a function\\x1b[2J; run again with --verbose for the details to report\n');
    expect(await main(['--verbose', '--', 'x'], world(broken))).toBe(70);
    expect(err).toContain('main.test.ts');
  });

  it('--json - writes only JSON to stdout', async () => {
    expect(await main(['--json', '-', '--', 'x'], world())).toBe(0);
    expect(out).toBe(renderJson(sample('missing-files')));
  });

  it('--json FILE writes the file and prints the report', async () => {
    const file = path.join(dir, 'report.json');
    expect(await main(['--json', file, '--', 'x'], world())).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(renderJson(sample('missing-files')));
    expect(out).toContain('WHAT TO DO');
  });
});

describe('a run', () => {
  it('passes on progress and notes; --quiet leaves them out', async () => {
    const telling: RunPart = async (settings, io) => {
      io.onProgress({ window: 'warmup', secondsLeft: 2, rps: 10 });
      io.onProgress({ window: 'warmup', secondsLeft: 1, rps: 10 });
      io.onNote('perf failed \u001b[31m');
      io.onProgress({ window: 'clean', secondsLeft: 5, rps: 10 });
      return finished(settings, io);
    };
    await main(['--', 'x'], world(telling));
    expect(err).toBe('whyslow: warming up\nwhyslow: perf failed \\x1b[31m\nwhyslow: measuring speed, nothing heavy attached\n');
    err = '';
    await main(['--quiet', '--', 'x'], world(telling));
    expect(err).toBe('');
  });

  it('draws one line over and over on a terminal, and wipes it before the report', async () => {
    const tty = world(async (settings, io) => {
      io.onProgress({ window: 'warmup', secondsLeft: 2, rps: null });
      io.onProgress({ window: 'warmup', secondsLeft: 1, rps: null });
      return finished(settings, io);
    });
    tty.stderr.isTTY = true;
    tty.stderr.columns = 60;
    await main(['--', 'x'], tty);
    expect(err).toBe('\rwarming up, 2 s left\u001b[K\rwarming up, 1 s left\u001b[K\r\u001b[K');
  });

  it('ends early on a signal and still reports', async () => {
    const waiting: RunPart = (settings, io) => new Promise((resolve) => {
      io.signal.addEventListener('abort', () => resolve(finished(settings, io)));
      interrupt('SIGINT');
    });
    expect(await main(['--', 'x'], world(waiting))).toBe(0);
    expect(err).toContain('whyslow: SIGINT: stopping; the report of what was seen follows');
    expect(out).toContain('WHAT TO DO');
  });

  it('keeps the run where -o says, and only there', async () => {
    let kept = '';
    const run: RunPart = async (settings, io) => {
      const done = await finished(settings, io);
      kept = done.runDir;
      return done;
    };
    await main(['--', 'x'], world(run));
    expect(existsSync(kept)).toBe(false);
    await main(['-o', path.join(dir, 'kept'), '--', 'x'], world(run));
    expect(existsSync(kept)).toBe(true);
    expect(err).toContain(`whyslow report ${path.join(dir, 'kept')}`);
  });

  it('never removes a run outside the temporary folder', async () => {
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = path.join(dir, 'tmp');
    const outside = path.join(dir, 'outside');
    mkdirSync(outside);
    try {
      await main(['--', 'x'], world(async () => ({ report: sample('healthy'), runDir: outside })));
      expect(existsSync(outside)).toBe(true);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });
});

describe('the other commands', () => {
  it('report shows a saved run again', async () => {
    expect(await main(['report', dir], world())).toBe(0);
    expect(out).toContain('delayed ACK');
    expect(await main(['report', path.join(dir, 'nope')], world())).toBe(2);
    expect(err).toContain('there is no folder');
  });

  it('env prints the table', async () => {
    expect(await main(['env'], world())).toBe(0);
    expect(out).toContain('Everything can be observed here.');
  });

  it('--version and --help go to stdout', async () => {
    expect(await main(['--version'], world())).toBe(0);
    expect(out).toBe('9.9.9\n');
  });

  it('demo refuses a name it does not know', async () => {
    expect(await main(['demo', 'no-such-demo'], world())).toBe(2);
    expect(err).toContain('there is no demo "no-such-demo"; choose one of these');
    expect(ran).toEqual([]);
  });
});

describe('colours', () => {
  const tty = (env: NodeJS.ProcessEnv): World => world(finished, { env: { LANG: 'C.UTF-8', TERM: 'xterm', ...env }, stdout: { isTTY: true, columns: 90, write: (text, done) => { out += text; done?.(); } } });
  it.each([
    [[], {}, true], [['--no-color'], {}, false], [[], { NO_COLOR: '1' }, false], [[], { NO_COLOR: '' }, true], [[], { TERM: 'dumb' }, false], [['--no-color'], { FORCE_COLOR: '1' }, false],
  ])('options %j and environment %j: %j', async (options, env, colored) => {
    await main([...options, '--', 'x'], tty(env));
    expect(out.includes('\u001b[')).toBe(colored);
  });

  it('has none in a pipe, and ASCII where the locale is not UTF-8', async () => {
    await main(['--', 'x'], world());
    expect(out).not.toContain('\u001b[');
    out = '';
    await main(['--', 'x'], world(finished, { env: { LC_ALL: 'C' } }));
    expect(out).toMatch(/^[\n\x20-\x7e]+$/);
  });
});

describe('other forms of the report', () => {
  it('--html: a page beside the report, made while the run is still there', async () => {
    const file = path.join(dir, 'page.html');
    expect(await main(['--html', file, '--', 'x'], world())).toBe(0);
    expect(out).toContain('Each request looks for 23 files');
    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>[^]*Each request looks for 23 files/);
    expect(timelinesOf).toEqual([[expect.any(String), true]]);
  });

  it('--markdown: to a file, or alone on stdout', async () => {
    const file = path.join(dir, 'report.md');
    expect(await main(['--markdown', file, '--', 'x'], world())).toBe(0);
    expect(readFileSync(file, 'utf8')).toMatch(/^### Each request looks for 23 files/);
    out = '';
    expect(await main(['--markdown', '-', '--', 'x'], world())).toBe(0);
    expect(out).toBe(readFileSync(file, 'utf8'));
    expect(timelinesOf).toEqual([]);
  });

  it('are refused before anything runs where they cannot be written', async () => {
    expect(await main(['--html', '-', '--markdown', path.join(dir, 'none', 'x.md'), '--', 'x'], world())).toBe(2);
    expect(await main(['--json', '-', '--markdown', '-', '--', 'x'], world())).toBe(2);
    expect(err).toContain('--html needs a file');
    expect(err).toContain(`--markdown "${path.join(dir, 'none', 'x.md')}": there is no folder`);
    expect(err).toContain('both want stdout');
    expect(ran).toEqual([]);
  });
});
