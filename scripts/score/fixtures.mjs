import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SERVERS = fileURLToPath(new URL('../../fixtures/servers/', import.meta.url));

/**
 * What a fixture's expect.json says of itself; CONTRIBUTING.md has what each key means.
 * @typedef {{
 *   title: string, start: string[], env?: Record<string, string>, needs: string[],
 *   verdict: string | string[], also: string[], mustNot: string[],
 *   culprit: { kind: string, name: string | string[], file?: string } | null,
 *   ci?: boolean, connectionsMatter?: boolean,
 *   servingProcesses?: number, failedPathsPerRequest?: number,
 *   load: { connections?: number, keepAlive?: boolean, method?: string, headers?: [string, string][], body?: string,
 *     rate?: number, durationS?: number, warmupS?: number, tool?: string },
 * }} Expect
 */

/** Longer, and fifty servers take an hour; shorter, and the windows hold too few requests of a slow one. */
const DURATION_S = 6;
/** Enough for a queue to show. */
const CONNECTIONS = 100;

/** @returns {string[]} */
export const fixtureIds = () => readdirSync(SERVERS).filter((id) => existsSync(join(SERVERS, id, 'expect.json'))).sort();

/** @param {string} id */
export const fixtureDir = (id) => join(SERVERS, id);

/** @param {string} id @returns {Expect} */
export const expectOf = (id) => JSON.parse(readFileSync(join(SERVERS, id, 'expect.json'), 'utf8'));

/**
 * Those that every change is tested with: what says `"ci": true`, and one of each verdict that has none so marked.
 * A server with several true verdicts stands for none of them.
 * @returns {string[]}
 */
export function ciIds() {
  const all = fixtureIds().map((id) => ({ id, ...expectOf(id) }));
  const seen = new Set(all.filter(({ ci }) => ci === true).map(({ verdict }) => verdict));
  return all.filter(({ ci, verdict }) => {
    if (ci !== undefined) return ci;
    const isNew = typeof verdict === 'string' && !seen.has(verdict);
    seen.add(verdict);
    return isNew;
  }).map(({ id }) => id);
}

/**
 * The options of whyslow that put the fixture under the load that shows its cause.
 * @param {Expect['load']} load
 * @param {{ driver?: string | null, connections?: number | null, durationS?: number | null, probes?: string[] | null }} [asked] wins over the fixture
 * @returns {string[]}
 */
export function loadOptions(load, { driver = null, connections = null, durationS = null, probes = null } = {}) {
  const tool = driver ?? load.tool;
  return [
    '-c', String(connections ?? load.connections ?? CONNECTIONS),
    '-d', String(durationS ?? load.durationS ?? DURATION_S),
    ...(load.warmupS === undefined ? [] : ['--warmup', String(load.warmupS)]),
    ...(load.keepAlive === false ? ['--no-keep-alive'] : []),
    ...(load.method === undefined ? [] : ['-m', load.method]),
    ...(load.headers ?? []).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...(load.body === undefined ? [] : ['-b', load.body]),
    ...(load.rate === undefined ? [] : ['--rate', String(load.rate)]),
    ...(tool === undefined ? [] : ['--load', tool]),
    ...(probes === null ? [] : ['--probes', probes.join(',')]),
  ];
}
