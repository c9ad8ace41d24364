import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rules } from '../src/rules/index.js';
import type { FindingId } from '../src/types.js';

/**
 * A rule costs: rule, test, doc page, server fixture, near miss, one index line. This proves that none is missing,
 * in either direction.
 */
const root = new URL('../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const names = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, root)).filter((f) => f.endsWith(ending)).map((f) => f.slice(0, -ending.length)).sort();

/** Every id there is, kept complete by the compiler. */
const IDS: Record<FindingId, true> = {
  'load-non-2xx': true, 'load-client-saturated': true, 'load-timeouts': true, 'nagle-delayed-ack': true, 'missing-file-lookups': true, 'sync-fs-per-request': true, 'connection-churn': true, 'slow-clock': true,
  'small-writes': true, 'access-log-per-request': true, 'process-spawn-per-request': true, 'page-faults': true, 'busy-polling': true,
  'startup-import-search': true, 'event-loop-blocked': true, 'cpu-bound-user': true, 'gc-pressure': true, 'timer-wait': true,
  'accept-queue-overflow': true, 'fd-exhausted': true, 'cpu-throttled': true, 'cpu-starved': true, 'jit-warmup': true,
  'worker-pool-exhausted': true, 'blocked-downstream': true, 'threadpool-starved': true, 'dns-per-request': true, 'lock-contention': true, 'fsync-per-request': true,
  'single-core-bound': true, healthy: true, unknown: true,
};
const ids = (Object.keys(IDS) as FindingId[]).sort();

/** About the load and about what could be seen: no server shows these, whatever it does. */
const NO_SERVER_SHOWS = new Set<FindingId>(['load-non-2xx', 'load-client-saturated', 'load-timeouts', 'unknown']);
/** A state that depends on the number of cores: on a small machine no server shows it, but one must be told apart from it. */
const DEPENDS_ON_CORES = new Set<FindingId>(['single-core-bound']);
/** Always holds: it is used when nothing else does. */
const NEVER_ABSENT = new Set<FindingId>(['unknown']);

const SECTIONS = ['## What it sees', '## Why it ', '## What to do', '## What it is mistaken for', '## Check by hand'];

interface Expectation { server: string; text: string; verdict: unknown }
const expectations: Expectation[] = readdirSync(new URL('fixtures/servers/', root))
  .filter((server) => existsSync(new URL(`fixtures/servers/${server}/expect.json`, root)))
  .map((server) => {
    const text = read(`fixtures/servers/${server}/expect.json`);
    return { server, text, verdict: (JSON.parse(text) as { verdict?: unknown }).verdict };
  });
const named = (id: string): string[] => expectations.filter(({ text }) => text.includes(`"${id}"`)).map(({ server }) => server);

describe('rules and what belongs to them', () => {
  it('one index line for each id, and none twice', () => {
    expect(rules.map((r) => r.id).sort()).toEqual(ids);
  });

  it('one file, one test and one page a rule, and no others', () => {
    expect(names('src/rules', '.ts')).toEqual([...ids, 'diagnose', 'index'].sort());
    expect(names('test/rules', '.test.ts')).toEqual([...ids, 'diagnose'].sort());
    expect(names('docs/rules', '.md')).toEqual(ids);
  });

  it.each(ids)('%s: the page has the rule\'s title, its look-alikes and a check', (id) => {
    const page = read(`docs/rules/${id}.md`);
    const rule = rules.find((r) => r.id === id);
    expect(page.split('\n')[0]).toBe(`# ${id}: ${rule?.title}`);
    expect(SECTIONS.filter((section) => !page.includes(section))).toEqual([]);
  });

  it.each(ids)('%s: the test shows it, a near miss and missing data', (id) => {
    const test = read(`test/rules/${id}.test.ts`);
    expect(test).toContain('finding(');
    if (!NEVER_ABSENT.has(id)) {
      expect(test).toContain('absent(');
      expect(test).toContain('noData(');
    }
  });

  it.each(ids.filter((id) => !NO_SERVER_SHOWS.has(id)))('%s: a server in fixtures shows it, or must not', (id) => {
    expect(named(id)).not.toEqual([]);
  });

  it.each(rules.filter((r) => !NO_SERVER_SHOWS.has(r.id) && !DEPENDS_ON_CORES.has(r.id) && r.id !== 'startup-import-search').map((r) => r.id))('%s: a server in fixtures has it as its verdict', (id) => {
    expect(expectations.filter(({ verdict }) => JSON.stringify(verdict)?.includes(`"${id}"`)).map(({ server }) => server)).not.toEqual([]);
  });

  it('every server of the fixtures says what to expect, by ids that exist', () => {
    for (const { server, verdict } of expectations) {
      const wanted = [verdict].flat().map((v) => (typeof v === 'string' ? v : (v as { id?: string } | undefined)?.id));
      for (const id of wanted) expect(ids, server).toContain(id);
    }
    expect(expectations.length).toBeGreaterThan(0);
  });
});
