import type { Finding, Report } from '../../types.js';
import { count, percent, time } from '../numbers.js';
import { limitOf } from '../sections/limit.js';
import { confidenceText, costText } from '../sections/verdict.js';
import { whatWouldTell } from '../sections/what-to-do.js';
import { html, prose, type Markup } from './html.js';

const UNICODE = { unicode: true };

/** red: a cause. amber: the load is in doubt, or nothing is known. green: nothing to mend. Never by colour alone. */
function toneOf({ verdict: { id }, findings }: Report): { tone: 'bad' | 'warn' | 'good'; word: string } {
  const kind = findings.find((finding) => finding.id === id)?.kind;
  if (id === 'unknown') return { tone: 'warn', word: 'No known cause' };
  if (kind === 'load') return { tone: 'warn', word: 'The measurement is in doubt' };
  return kind === 'cause' ? { tone: 'bad', word: 'The cause' } : { tone: 'good', word: 'Nothing to mend' };
}

/** The answer, what proves it, and what to do: the first thing seen. */
export function verdictSection(report: Report): Markup {
  const { verdict, findings, interrupted } = report;
  const finding = findings.find(({ id }) => id === verdict.id);
  const { tone, word } = toneOf(report);
  const price = finding?.kind === 'load' ? null : costText(verdict.cost, UNICODE);
  const limit = verdict.id === 'healthy' ? limitOf(report) : null;
  const doubted = findings.filter(({ kind, follows }) => kind === 'load' && follows === undefined);
  const { closeSecond } = verdict;
  const advice = [...finding?.advice ?? [], ...(verdict.id === 'unknown' ? whatWouldTell(report) : [])];
  return html`<section class="verdict ${tone}" id="verdict" aria-labelledby="verdict-title">
<div class="answer">
<p class="kind">${word}</p>
<h1 id="verdict-title">${verdict.title}</h1>
<p class="summary">${prose(verdict.summary)}</p>
<p class="price">${price === null ? '' : html`<strong>costs ${price}</strong> · `}confidence: ${confidenceText(verdict.confidence)} · <code>${verdict.id}</code></p>
${evidenceList(finding)}
${limit === null ? '' : html`<p>The limit now: ${limit}</p>`}
${closeSecond === null ? '' : html`<p class="second">Close second: <strong>${closeSecond.title}</strong> (${costText(closeSecond.cost, UNICODE) ?? 'cost not known'}; <code>${closeSecond.id}</code>). Mend one, measure, look again.</p>`}
${doubted.length === 0 ? '' : html`<p class="doubt"><strong>The numbers below are in doubt</strong> (${doubted.map(({ id }) => id).join(', ')}): they measure the load as much as the server. Mend that first, then measure again.</p>`}
${interrupted === null ? '' : html`<p class="doubt">The run ended early: ${interrupted}. The numbers cover what was seen until then.</p>`}
</div>
${advice.length === 0 ? '' : html`<div class="todo"><h2>${verdict.id === 'unknown' ? 'What would tell more' : 'What to do'}</h2><ol>${advice.map((step) => html`<li>${prose(step)}</li>
`)}</ol></div>`}
</section>
${figures(report)}`;
}

function evidenceList(finding: Finding | undefined): Markup | null {
  if (!finding || finding.evidence.length === 0) return null;
  return html`<ul class="evidence">${finding.evidence.map(({ text, speaks }) => (speaks === 'against'
    ? html`<li class="against">against it: ${text}</li>
` : html`<li>${text}</li>
`))}</ul>`;
}

/** What one asks first of any load test. */
function figures({ load, generator, threads }: Report): Markup | null {
  if (load === null) return null;
  const { latencyMs } = load;
  const [busiest] = threads.filter(({ role }) => role === 'serving').toSorted((a, b) => b.cpuShare - a.cpuShare);
  const bad = load.errors + load.timeouts + load.non2xx;
  const items: [string, string][] = [
    ['requests a second', count(load.rps)],
    ...(latencyMs === null ? [] : [['median', time(latencyMs.p50)], ['p99', time(latencyMs.p99)], ['slowest', time(latencyMs.max)]] as [string, string][]),
    ['failing answers', count(bad)],
    ...(busiest ? [['of a core, busiest serving thread', percent(busiest.cpuShare)]] as [string, string][] : []),
    ...(generator ? [['of a core, busiest load thread', percent(generator.busiestThreadShare)]] as [string, string][] : []),
  ];
  return html`<dl class="figures">${items.map(([name, figure]) => html`<div><dt>${name}</dt><dd>${figure}</dd></div>
`)}</dl>`;
}

/** The other findings in their rank. Never dropped: the second cause is the next one to mend. */
export function otherFindings({ findings, verdict }: Report): Markup | null {
  const others = findings.filter(({ id }) => id !== verdict.id);
  if (others.length === 0) return null;
  return html`<section id="also"><h2>Also found</h2><ol class="also" start="2">
${others.map((finding) => {
    const price = finding.kind === 'note' ? 'not why requests are slow' : costText(finding.cost, UNICODE);
    return html`<li><details><summary><strong>${finding.title}</strong> <span class="dim">${price === null ? '' : `${finding.kind === 'note' ? '' : 'costs '}${price} · `}confidence: ${confidenceText(finding.confidence)}${finding.follows === undefined ? '' : ` · follows from ${finding.follows}`} · </span><code>${finding.id}</code><br>${finding.summary}</summary>
${evidenceList(finding)}${finding.advice.length === 0 ? '' : html`<ol>${finding.advice.map((step) => html`<li>${prose(step)}</li>`)}</ol>`}</details></li>
`;
  })}</ol></section>`;
}
