import { readFileSync } from 'node:fs';
import type { FindingId, LoadSettings, Settings } from '../types.js';
import { FINDING_IDS, nearest, PROBE_IDS } from './choices.js';
import { parseDuration } from './durations.js';
import type { RawOptions } from './program.js';

/** What wrk and autocannon users expect, with enough connections for a queue to show. */
const DEFAULTS = { connections: 50, durationS: 10, warmupS: 2, readyTimeoutS: 30, timeoutS: 10 } as const;

/** One address has about 28,000 ports to connect from. */
const MOST_CONNECTIONS = 28_000;
/** Shorter loads leave no window long enough for a number. */
const LEAST_DURATION_S = 1;
const MOST_TIME_S = 24 * 3600;
const MOST_RATE = 10_000_000;

/** Says what is wrong and what to do, and goes on: all mistakes are told at once. */
export type Complain = (wrong: string) => void;

/** Who runs us. */
export interface Account { isRoot: boolean; sudoUser: string | undefined }

/** All options of a run, judged; complains about each that cannot be. Frozen. */
export function settingsOf(command: string[], raw: RawOptions, complain: Complain, account: Account, defaults: Partial<LoadSettings> = {}, attach: string | null = null): Settings {
  if (attach === null && (command.length === 0 || command[0] === '')) complain('no command to run; say which after two dashes: whyslow -- node server.js');
  const url = urlOf(raw, complain);
  const settings: Settings = {
    command, url, attach,
    signalOk: raw.signalOk ?? false,
    gentle: raw.gentle ?? false,
    offCpu: raw.offCpu ?? false,
    perfMap: raw.perfMap ?? false,
    port: wholeNumber('--port', raw.port, 1, 65_535, complain),
    load: loadOf(raw, complain, defaults),
    probes: raw.probes === undefined ? null : idList('--probes', 'probe', raw.probes, PROBE_IDS, complain),
    readyTimeoutS: time('--ready-timeout', raw.readyTimeout, 0.1, complain) ?? DEFAULTS.readyTimeoutS,
    user: userOf(raw, account, complain),
    allowRemote: raw.allowRemote ?? false,
    verbose: raw.verbose ?? false,
    ...(raw.secondOpinion ? { secondOpinion: true as const } : {}),
  };
  return deepFreeze(settings);
}

export const failOnOf = (raw: RawOptions, complain: Complain): FindingId[] =>
  raw.failOn === undefined ? [] : idList('--fail-on', 'rule', raw.failOn, FINDING_IDS, complain);

function loadOf(raw: RawOptions, complain: Complain, defaults: Partial<LoadSettings>): LoadSettings {
  const body = bodyOf(raw, complain);
  const tool = raw.load?.trim() ?? defaults.tool ?? 'autocannon';
  if (tool === '') complain("--load is empty; use autocannon, wrk, none, or a command like 'hey -z 10s {url}'");
  return {
    tool, body,
    connections: wholeNumber('--connections', raw.connections, 1, MOST_CONNECTIONS, complain) ?? defaults.connections ?? DEFAULTS.connections,
    durationS: time('--duration', raw.duration, LEAST_DURATION_S, complain) ?? defaults.durationS ?? DEFAULTS.durationS,
    warmupS: time('--warmup', raw.warmup, 0, complain) ?? defaults.warmupS ?? DEFAULTS.warmupS,
    method: methodOf(raw, complain) ?? defaults.method ?? (body === null ? 'GET' : 'POST'),
    headers: (raw.header ?? []).flatMap((header) => headerOf(header, complain)),
    keepAlive: raw.keepAlive === false ? false : defaults.keepAlive ?? true,
    rate: wholeNumber('--rate', raw.rate, 1, MOST_RATE, complain) ?? defaults.rate ?? null,
    amount: wholeNumber('--amount', raw.amount, 1, Number.MAX_SAFE_INTEGER, complain) ?? defaults.amount ?? null,
    timeoutS: DEFAULTS.timeoutS,
  };
}

function wholeNumber(option: string, text: string | undefined, least: number, most: number, complain: Complain): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  complain(`${option} ${quoted(text)} is not possible; give a whole number from ${least}${most < MOST_RATE ? ` to ${most}` : ' up'}`);
  return null;
}

function time(option: string, text: string | undefined, leastS: number, complain: Complain): number | null {
  if (text === undefined) return null;
  const value = parseDuration(text);
  if (value !== null && value >= leastS && value <= MOST_TIME_S) return value;
  complain(`${option} ${quoted(text)} is not possible; give a time from ${leastS} s to 24h, as 10, 5s or 1m`);
  return null;
}

function urlOf({ url, port }: RawOptions, complain: Complain): string | null {
  if (url === undefined) return null;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    complain(`--url ${quoted(url)} is not an HTTP address; give one like http://127.0.0.1:3000/path`);
    return null;
  }
  const parsed = new URL(url);
  const itsPort = parsed.port || (parsed.protocol === 'https:' ? '443' : '80');
  if (port !== undefined && port !== itsPort) complain(`--port ${quoted(port)} and --url with port ${itsPort} differ; leave --port out`);
  return parsed.href;
}

/** RFC 9110: token characters. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function methodOf({ method }: RawOptions, complain: Complain): string | null {
  if (method === undefined) return null;
  if (TOKEN.test(method)) return method.toUpperCase();
  complain(`--method ${quoted(method)} is no HTTP method; use GET, POST, ...`);
  return null;
}

function headerOf(header: string, complain: Complain): [string, string][] {
  const at = header.indexOf(':');
  const [name, value] = [header.slice(0, Math.max(0, at)).trim(), header.slice(at + 1).trim()];
  if (at > 0 && TOKEN.test(name) && !/[\r\n\0]/.test(value)) return [[name, value]];
  complain(`--header ${quoted(header)} is not a header; give 'Name: value'`);
  return [];
}

function bodyOf({ body }: RawOptions, complain: Complain): string | null {
  if (body === undefined) return null;
  if (!body.startsWith('@')) return body;
  try {
    return readFileSync(body.slice(1), 'utf8');
  } catch (error) {
    complain(`--body: ${quoted(body.slice(1))} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}); give a file that exists after @`);
    return null;
  }
}

function idList<T extends string>(option: string, kind: string, text: string, known: readonly T[], complain: Complain): T[] {
  const given = text.split(',').map((id) => id.trim()).filter((id) => id !== '');
  if (given.length === 0) complain(`${option} is empty; name some of ${known.join(', ')}`);
  return [...new Set(given)].filter((id): id is T => {
    if ((known as readonly string[]).includes(id)) return true;
    const meant = nearest(id, known);
    complain(`${option}: there is no ${kind} ${quoted(id)}; ${meant === null ? `use some of ${known.join(', ')}` : `did you mean ${meant}?`}`);
    return false;
  });
}

function userOf({ user }: RawOptions, { isRoot, sudoUser }: Account, complain: Complain): string | null {
  if (user === undefined) return isRoot && sudoUser !== undefined && sudoUser !== '' && sudoUser !== 'root' ? sudoUser : null;
  if (user === '') complain('--user is empty; name an account of this machine');
  else if (!isRoot) complain('--user needs root; run whyslow under sudo, or leave it out');
  return user;
}

const quoted = (text: string): string => `"${text}"`;

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
