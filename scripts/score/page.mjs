import { confusionOf, sumsOf } from './sums.mjs';

/** @typedef {import('./sums.mjs').Row} Row */

const TITLE = `# How often whyslow is right

Written by \`npm run score -- --write\`; each section is replaced by the next run with the same settings, and everything
else on this page is left as it is. \`fixtures/servers/*/expect.json\` has the truth about each server, found by measuring
it by hand; rules do not know the servers.

- **right**: the first verdict is the expected one. **Defensible**: it is one that is true of the server as well, but
  not what costs most. **Wrong**: anything else.
- **forbidden**: a finding claimed (confidence 0.5 or more) that is not true of the server, wherever it ranks.
- **culprit**: the function, file, path, peer, lock or call that the verdict names is the expected one.
`;

const mark = (/** @type {string} */ label) => [`<!-- score: ${label} -->`, `<!-- /score: ${label} -->`];

/**
 * The page with the section `label` replaced, or added at its end.
 * @param {string | null} page as it was
 * @param {string} label
 * @param {string} section
 */
export function withSection(page, label, section) {
  const before = page ?? TITLE;
  const [open = '', close = ''] = mark(label);
  const block = `${open}\n${section.trim()}\n${close}`;
  const [from, to] = [before.indexOf(open), before.indexOf(close)];
  if (from >= 0 && to > from) return before.slice(0, from) + block + before.slice(to + close.length);
  return `${before.trimEnd()}\n\n${block}\n`;
}

/** What a saved run would be called. @param {{ driver: string | null, connections: number | null, probes: string[] | null }} asked */
export const labelOf = ({ driver, connections, probes }) => [
  driver ?? 'autocannon',
  connections === null ? 'connections of each server' : `${connections} connections`,
  probes === null ? 'all probes' : `probes ${probes.join(', ')}`,
].join('; ');

/**
 * @param {Row[]} rows of one or more runs of each server
 * @param {{ label: string, date: string, versions: string[], command: string }} run
 */
export function sectionOf(rows, { label, date, versions, command }) {
  const { runs, right, defensible, wrong, failed, forbidden, skipped, culprits, tookS } = sumsOf(rows);
  const percent = (/** @type {number} */ n) => (runs === 0 ? '-' : `${((100 * n) / runs).toFixed(1)}%`);
  const ids = [...new Set(rows.map(({ id }) => id))];
  return [
    `## ${label}`, '',
    `${date}; ${versions.join(', ')}. \`${command}\`, ${runs} runs of ${ids.length} servers in ${Math.round(tookS / 60)} min.`, '',
    '| right | right or defensible | wrong | no report | forbidden findings | culprits named | skipped |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    `| ${right} (${percent(right)}) | ${right + defensible} (${percent(right + defensible)}) | ${wrong} | ${failed} | ${forbidden} | ${culprits.named} of ${culprits.expected} | ${skipped} |`, '',
    '| server | expected | verdict (confidence) | mark | culprit |', '| --- | --- | --- | --- | --- |',
    ...ids.map((id) => serverLine(rows.filter((row) => row.id === id))), '',
    '| expected | runs | right | said instead |', '| --- | --- | --- | --- |',
    ...confusionOf(rows).map(({ expected, runs: all, right: hit, instead }) => `| ${expected} | ${all} | ${hit} | ${instead.map(({ said, times, servers }) => `${said} ${times}x (${servers.join(', ')})`).join('; ')} |`),
  ].join('\n');
}

/** @param {Row[]} rows of one server */
function serverLine(rows) {
  const [first] = rows;
  const judged = rows.flatMap(({ judgement }) => (judgement ? [judgement] : []));
  const each = (/** @type {string[]} */ words) => ([...new Set(words)].length <= 1 ? words.slice(0, 1) : words).join(', ');
  const cells = first?.skipped != null ? [`skipped: ${first.skipped}`, '', ''] : [
    rows.map(({ judgement, failed }) => (judgement ? `${judgement.said} (${judgement.confidence.toFixed(2)})` : `no report: ${failed}`)).join(', '),
    each(rows.map(({ judgement }) => `${judgement?.mark ?? 'wrong'}${judgement && judgement.forbidden.length > 0 ? `, forbidden: ${judgement.forbidden.join(' ')}` : ''}`)),
    each(judged.map(({ culprit }) => (culprit === null ? '' : culprit ? 'named' : 'missed'))),
  ];
  return `| ${[first?.id, first?.expected.join(' or '), ...cells].map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
