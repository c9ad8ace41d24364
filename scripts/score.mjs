/**
 * `npm run score [-- OPTIONS] [ID...]`: how often whyslow is right about the servers in fixtures/servers, through its
 * command line, one after another. Exit code 1 when a verdict is wrong, a finding is forbidden, or a run gives no report.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { missing } from './capabilities.mjs';
import { say } from './say.mjs';
import { ciIds, expectOf, fixtureIds } from './score/fixtures.mjs';
import { judge, wanted } from './score/judge.mjs';
import { labelOf, sectionOf, withSection } from './score/page.mjs';
import { readOne, runOne } from './score/run-one.mjs';
import { isWrong, sumsOf } from './score/sums.mjs';
import { head, rowLine, sumLines } from './score/text.mjs';

/** @typedef {import('./score/sums.mjs').Row} Row */

const PAGE = 'docs/accuracy.md';
const HELP = `npm run score -- [options] [ID...]     without IDs: all servers
  --driver autocannon|wrk   the load generator
  -c, --connections N       instead of what each server asks for; servers that say connectionsMatter are skipped
  -d, --duration S          of each load
  --probes LIST             only these; those that do not exist are left out: --probes proc,node,python,ss
  --repeat N                each server so often, one round after another
  --ci                      only those of the smoke tests
  --save DIR                keeps each run as DIR/ID.ROUND
  --from DIR                judges the runs that --save kept again, without load
  --write                   writes the section of these settings in ${PAGE}
`;

const root = fileURLToPath(new URL('..', import.meta.url));

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      driver: { type: 'string' }, connections: { type: 'string', short: 'c' }, duration: { type: 'string', short: 'd' },
      probes: { type: 'string' }, repeat: { type: 'string', default: '1' }, save: { type: 'string' }, from: { type: 'string' },
      write: { type: 'boolean', default: false }, ci: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return { ...values, ids: positionals };
}

/** Those of a list that this version has. @param {string} list @returns {Promise<string[]>} */
async function probesThere(list) {
  // The build may be newer than this file's last check: it is asked, not known.
  const { PROBE_IDS } = await import(new URL('../dist/cli/choices.js', import.meta.url).href);
  return list.split(',').map((id) => id.trim()).filter((id) => PROBE_IDS.includes(id));
}

const versionOf = (/** @type {string[]} */ ...[command = '', ...args]) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split('\n')[0] ?? command;
  } catch {
    return `no ${command}`;
  }
};

const versions = () => [
  `Linux ${release()}`, `${cpus().length} cores`, `Node ${process.versions.node}`, versionOf('bpftrace', '--version'), versionOf('perf', '--version'),
];

/**
 * @param {string} id
 * @param {{ driver: string | null, connections: number | null, durationS: number | null, probes: string[] | null }} asked
 * @param {{ saveTo: string | null, from: string | null }} where
 * @returns {Promise<Row>}
 */
async function rowOf(id, asked, { saveTo, from }) {
  const expect = expectOf(id);
  const expected = wanted(expect.verdict);
  const skipped = from === null ? whyNot(expect, asked) : existsSync(from) ? null : 'no saved run';
  if (skipped !== null) return { id, expected, tookS: 0, judgement: null, failed: null, skipped };
  const startedMs = performance.now();
  const got = from === null ? await runOne(id, { ...asked, saveTo }) : await readOne(from);
  const tookS = (performance.now() - startedMs) / 1000;
  if ('failed' in got) return { id, expected, tookS, judgement: null, failed: got.failed, skipped: null };
  return { id, expected, tookS, judgement: judge(expect, got.report), failed: null, skipped: null };
}

/**
 * @param {import('./score/fixtures.mjs').Expect} expect
 * @param {{ driver: string | null, connections: number | null }} asked
 */
function whyNot({ needs, load, connectionsMatter }, { driver, connections }) {
  const lacking = needs.map((need) => ({ need, why: missing(need) })).filter(({ why }) => why !== null);
  if (lacking.length > 0) return lacking.map(({ need, why }) => `${need}: ${why}`).join('; ');
  if (driver === 'wrk' && (load.rate !== undefined || load.method === 'HEAD')) return 'wrk holds no rate and sends no HEAD';
  if (connections !== null && connectionsMatter) return 'the truth depends on the number of connections';
  return null;
}

async function score() {
  const { ids, help, ci, write, save, from, repeat, ...given } = options();
  if (help) {
    say(HELP);
    return 0;
  }
  const unknown = ids.find((id) => !fixtureIds().includes(id));
  if (unknown !== undefined) {
    say(`score: there is no server "${unknown}" in fixtures/servers`);
    return 2;
  }
  const here = process.cwd();
  process.chdir(root);
  if (!build()) return 2;
  const asked = {
    driver: given.driver ?? null,
    connections: given.connections === undefined ? null : Number(given.connections),
    durationS: given.duration === undefined ? null : Number(given.duration),
    probes: given.probes === undefined ? null : await probesThere(given.probes),
  };
  const servers = ids.length > 0 ? ids : ci ? ciIds() : fixtureIds();
  if (save !== undefined) mkdirSync(resolve(here, save), { recursive: true });
  say(head());
  /** @type {Row[]} */
  const rows = [];
  const rounds = from === undefined ? Number(repeat) : roundsIn(resolve(here, from));
  for (let round = 1; round <= rounds; round += 1) {
    for (const id of servers) {
      const name = `${id}.${round}`;
      const row = await rowOf(id, asked, { saveTo: save === undefined ? null : resolve(here, save, name), from: from === undefined ? null : resolve(here, from, name) });
      rows.push(row);
      say(rowLine(row));
    }
  }
  say(sumLines(rows));
  if (write) {
    const label = labelOf(asked);
    const command = `npm run score${process.argv.slice(2).map((word) => ` ${word}`).join('').replace(/^/, ' --')}`;
    const section = sectionOf(rows, { label, date: new Date().toISOString().slice(0, 10), versions: versions(), command });
    writeFileSync(PAGE, withSection(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : null, label, section));
    say(`written: ${PAGE}, "${label}"`);
  }
  return isWrong(sumsOf(rows)) ? 1 : 0;
}

/** @param {string} dir */
const roundsIn = (dir) => Math.max(1, ...readdirSync(dir).map((name) => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)));

process.exitCode = await score();
