import type { LedgerThread, Report } from '../../types.js';
import { percent, span, time } from '../numbers.js';
import { ledgerLabel } from '../sections/ledger-label.js';
import { busiestThread, idleShare } from '../sections/thread-time.js';
import { barTable, strip, type HtmlBar } from './bars.js';
import { html, type Markup } from './html.js';

/** Threads whose ledger is drawn; the rest idle, or are in the JSON. */
const MOST_THREADS = 8;
/** A thread that idles more than this has no ledger worth a strip. */
const IDLES_SHARE = 0.95;

/** Where one request's mean time goes, and where the serving threads' wall time goes: both close. */
export function timeSection(report: Report): Markup | null {
  const { ledger } = report;
  if (ledger === null) return null;
  const { request, source } = ledger;
  const busiest = busiestThread(report);
  const others = ledger.threads.filter((thread) => thread !== busiest && idleShare(thread) <= IDLES_SHARE);
  return html`<section id="ledger"><h2>Where the time goes</h2><div class="pair">
${request === null ? '' : html`<div><h3>One request <span class="dim">${span(request.totalMs)}, the mean</span></h3>
${barTable('Where the time of one request goes', request.parts.map(({ label, ms, share }): HtmlBar => ({ label, figure: time(ms), share, tone: 'plain' })))}</div>`}
${busiest === undefined ? '' : html`<div><h3>The serving thread <span class="dim">${nameOf(busiest)}, ${span(busiest.wallNs / 1e6)} of wall time, by ${source === 'ebpf' ? 'the kernel' : '/proc'}</span></h3>
${strip(partsOf(busiest))}
${barTable('Where the time of the serving thread goes', partsOf(busiest))}
<p class="dim">unaccounted: ${percent(busiest.unaccountedShare)}</p></div>`}
</div>
${others.length === 0 ? '' : html`<h3>Other threads at work</h3><table class="strips"><tbody>${others.slice(0, MOST_THREADS).map((thread) => html`<tr><th scope="row">${nameOf(thread)}</th><td>${strip(partsOf(thread))}<span class="dim">${words(thread)}</span></td></tr>
`)}</tbody></table>${others.length > MOST_THREADS ? html`<p class="dim">and ${others.length - MOST_THREADS} more in the JSON report</p>` : ''}`}
</section>`;
}

const nameOf = ({ name, tid }: LedgerThread): string => `${name} (${tid})`;

const partsOf = ({ parts }: LedgerThread): HtmlBar[] =>
  parts.map((part): HtmlBar => ({ label: ledgerLabel(part), figure: time(part.ns / 1e6), share: part.share, tone: part.state }));

/** The strip in words: colour alone tells nothing in print or to who cannot see it. */
const words = (thread: LedgerThread): string => thread.parts.filter(({ share }) => share >= 0.01).slice(0, 5).map((part) => `${ledgerLabel(part)} ${percent(part.share)}`).join(', ');
