import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/durations.js';
import { failOnOf, settingsOf } from '../../src/cli/options.js';
import { checkOutputs } from '../../src/cli/outputs.js';
import { parseArgv, type RawOptions } from '../../src/cli/program.js';
import type { Settings } from '../../src/types.js';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-options-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const user = { isRoot: false, sudoUser: undefined };

function judge(argv: string[], account: { isRoot: boolean; sudoUser: string | undefined } = user): { settings: Settings; wrongs: string[]; raw: RawOptions } {
  const asked = parseArgv(argv, '9.9.9');
  if (asked.command !== 'run') throw new Error(`parsed as ${asked.command}`);
  const wrongs: string[] = [];
  checkOutputs(asked.raw, (wrong) => wrongs.push(wrong));
  const settings = settingsOf(asked.words, asked.raw, (wrong) => wrongs.push(wrong), account);
  failOnOf(asked.raw, (wrong) => wrongs.push(wrong));
  return { settings, wrongs, raw: asked.raw };
}

describe('the command', () => {
  it.each([
    [['--', 'node', 'server.js'], ['node', 'server.js']],
    [['run', '--', 'node', 'server.js'], ['node', 'server.js']],
    [['node', 'server.js'], ['node', 'server.js']],
    [['-c', '5', 'node', 'server.js', '-c', '9', '--duration', 'x'], ['node', 'server.js', '-c', '9', '--duration', 'x']],
    [['-c', '5', '--', 'node', '--', '-d', '--help'], ['node', '--', '-d', '--help']],
    [['--', '-weird', '--version'], ['-weird', '--version']],
    [['--', 'report', 'x'], ['report', 'x']],
    [['--', 'env'], ['env']],
    [['run', 'npm', 'start'], ['npm', 'start']],
    [['--', 'sh', '-c', 'exec node "$0"; rm -rf /', '', 'é'], ['sh', '-c', 'exec node "$0"; rm -rf /', '', 'é']],
    [['--no-color', '--', 'node', 'x'], ['node', 'x']],
  ])('%j is the command %j', (argv, command) => {
    const { settings, wrongs } = judge(argv);
    expect(settings.command).toEqual(command);
    expect(wrongs).toEqual([]);
  });

  it.each([[['report', 'RUN']], [['--no-color', 'report', 'RUN']], [['--quiet', 'report', 'RUN', '--json', '-']]])('%j reads a saved run', (argv) => {
    expect(parseArgv(argv, '1')).toMatchObject({ command: 'report', dir: 'RUN' });
  });

  it('knows env, demo, help and the version', () => {
    expect(parseArgv(['attach', '4131', '--signal-ok'], '1')).toMatchObject({ command: 'attach', target: '4131', raw: { signalOk: true } });
    expect(parseArgv(['attach', ':8080'], '1')).toMatchObject({ command: 'attach', target: ':8080' });
    expect(parseArgv(['env'], '1')).toMatchObject({ command: 'env' });
    expect(parseArgv(['demo'], '1')).toMatchObject({ command: 'demo', name: null });
    expect(parseArgv(['demo', 'node-gc', '-d', '5'], '1')).toMatchObject({ command: 'demo', name: 'node-gc', raw: { duration: '5' } });
    expect(parseArgv(['--version'], '9.9.9')).toEqual({ command: 'text', text: '9.9.9\n' });
    expect(parseArgv(['--help'], '1')).toMatchObject({ command: 'text', text: expect.stringMatching(/Usage: whyslow[^]*--connections[^]*Exit codes/) as string });
    expect(parseArgv(['run', '--help'], '1')).toMatchObject({ command: 'text', text: expect.stringContaining('--warmup') as string });
  });
});

describe('the settings', () => {
  it('have the documented defaults', () => {
    const { settings } = judge(['--', 'x']);
    expect(settings).toEqual({
      command: ['x'], attach: null, signalOk: false, gentle: false, offCpu: false, perfMap: false, url: null, port: null, probes: null, readyTimeoutS: 30, user: null, allowRemote: false, verbose: false,
      load: { tool: 'autocannon', connections: 50, durationS: 10, warmupS: 2, method: 'GET', headers: [], body: null, keepAlive: true, rate: null, amount: null, timeoutS: 10 },
    });
  });

  it('take every option', () => {
    const body = path.join(dir, 'body.json');
    writeFileSync(body, '{"a":1}');
    const { settings, wrongs } = judge([
      '-c', '100', '-d', '1m30s', '--warmup', '500ms', '-m', 'put', '-H', 'X-A: b:c', '-H', 'Accept:*/*', '-b', `@${body}`, '--url', 'http://127.0.0.1:80/a?b#c',
      '--no-keep-alive', '--rate', '500', '-a', '1000', '--load', 'hey -z 5s {url}', '--probes', 'proc, perf,proc', '--ready-timeout', '2', '--allow-remote', '--gentle', '--off-cpu', '--perf-map', '--verbose', '--', 'x',
    ]);
    expect(wrongs).toEqual([]);
    expect(settings).toEqual({
      command: ['x'], attach: null, signalOk: false, gentle: true, offCpu: true, perfMap: true, url: 'http://127.0.0.1/a?b#c', port: null, probes: ['proc', 'perf'], readyTimeoutS: 2, user: null, allowRemote: true, verbose: true,
      load: { tool: 'hey -z 5s {url}', connections: 100, durationS: 90, warmupS: 0.5, method: 'PUT', headers: [['X-A', 'b:c'], ['Accept', '*/*']], body: '{"a":1}', keepAlive: false, rate: 500, amount: 1000, timeoutS: 10 },
    });
  });

  it('are frozen all through', () => {
    const { settings } = judge(['-H', 'a: b', '--', 'x']);
    expect(() => { settings.load.connections = 1; }).toThrow(TypeError);
    expect(() => settings.command.push('y')).toThrow(TypeError);
    expect(() => settings.load.headers[0]?.reverse()).toThrow(TypeError);
  });

  it('post when there is a body and no method', () => {
    expect(judge(['-b', 'a=1', '--', 'x']).settings.load).toMatchObject({ method: 'POST', body: 'a=1' });
  });

  it('run the server as who called sudo', () => {
    expect(judge(['--', 'x'], { isRoot: true, sudoUser: 'ada' }).settings.user).toBe('ada');
    expect(judge(['--user', 'bob', '--', 'x'], { isRoot: true, sudoUser: 'ada' }).settings.user).toBe('bob');
    expect(judge(['--', 'x'], { isRoot: true, sudoUser: 'root' }).settings.user).toBeNull();
    expect(judge(['--', 'x'], { isRoot: false, sudoUser: 'ada' }).settings.user).toBeNull();
  });

  it('let a demo set what the user did not', () => {
    const load = settingsOf(['x'], { connections: '7' }, () => undefined, user, { connections: 100, keepAlive: false, durationS: 5 }).load;
    expect(load).toMatchObject({ connections: 7, keepAlive: false, durationS: 5 });
  });
});

describe('impossible values', () => {
  const full = path.join(dir, 'full');
  writeFileSync(full, 'x');

  it.each([
    [['-c', '0'], /^--connections "0" .*whole number from 1/],
    [['-c', '-5'], /--connections "-5"/], [['-c', '1e3'], /--connections/], [['-c', 'NaN'], /--connections/], [['-c', '1000000'], /to 28000/], [['-c', ''], /--connections/],
    [['-d', '-1'], /^--duration "-1" .*1 s to 24h/], [['-d', '0'], /--duration/], [['-d', 'NaN'], /--duration/], [['-d', '5 s'], /--duration/], [['-d', '99h'], /--duration/], [['-d', 'Infinity'], /--duration/],
    [['--warmup', '-1'], /--warmup/], [['--ready-timeout', '0'], /--ready-timeout/],
    [['--rate', '0'], /--rate/], [['--rate', '1.5'], /--rate/], [['-a', '0'], /--amount/], [['-a', '12x'], /--amount/],
    [['--port', '0'], /--port/], [['--port', '65536'], /--port "65536" .*1 to 65535/],
    [['--url', 'localhost:3000'], /--url .*http:\/\//], [['--url', 'ftp://x'], /--url/], [['--url', 'http://'], /--url/],
    [['--url', 'http://127.0.0.1:3000/', '--port', '4000'], /differ/],
    [['-H', 'nocolon'], /^--header "nocolon" .*'Name: value'/], [['-H', ': x'], /--header/], [['-H', 'a b: x'], /--header/], [['-H', 'a: x\r\ny: z'], /--header/],
    [['-m', 'GE T'], /--method/], [['-b', '@/does/not/exist'], /--body.*ENOENT/],
    [['--probes', 'syscals'], /no probe "syscals"; did you mean syscalls/], [['--probes', ','], /--probes is empty/],
    [['--fail-on', 'gc-presure'], /no rule "gc-presure"; did you mean gc-pressure/], [['--fail-on', 'zzzzzzzzzzzzzzzzzzzzzz'], /use some of load-non-2xx/],
    [['--load', ''], /--load is empty/], [['--user', 'bob'], /--user needs root/],
    [['-o', dir], /not empty/], [['-o', full], /is a file/], [['-o', path.join(full, 'x')], /is a file/], [['--json', dir], /is a folder/], [['--json', path.join(dir, 'no', 'x.json')], /no folder/],
  ])('%j is told in one line that says what to do', (options, told) => {
    const { wrongs } = judge([...options, '--', 'x']);
    expect(wrongs).toHaveLength(1);
    expect(wrongs[0]).toMatch(told);
    expect(wrongs[0]).toMatch(/;/);
  });

  it('are told all at once', () => {
    expect(judge(['-c', '0', '-d', '-1', '--probes', 'a,b']).wrongs).toHaveLength(5);
  });

  it.each([
    [['--conections', '5', '--', 'x'], "unknown option '--conections'; did you mean --connections?"],
    [['--frobnicate', '--', 'x'], "unknown option '--frobnicate'; whyslow --help lists what there is"],
    [['-d'], "option '-d, --duration <time>' has no value; give it one"],
    [['report'], 'no run given; name the folder that -o wrote: whyslow report DIR'],
    [['report', 'a', 'b'], /too many arguments.*; whyslow --help/],
  ])('%j is refused by the parser', (argv, message) => {
    expect(() => parseArgv(argv, '1')).toThrow(message);
    expect(() => parseArgv(argv, '1')).toThrow(expect.objectContaining({ exitCode: 2 }) as Error);
  });
});

describe('times', () => {
  it.each([['10', 10], ['5s', 5], ['1m', 60], ['1m30s', 90], ['500ms', 0.5], ['0.5', 0.5], ['1h', 3600], ['', null], ['s', null], ['-1', null], ['1d', null], ['1e3', null], ['5 s', null], ['5s5', null]])('%j is %j s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });
});
