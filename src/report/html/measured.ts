import type { Report } from '../../types.js';
import { groupBy } from '../group-by.js';
import { percent, plural, span } from '../numbers.js';
import { windowKind, WINDOW_WORDS } from './charts.js';
import { html, type Markup } from './html.js';

export function ruledOutSection({ ruledOut }: Report): Markup | null {
  if (ruledOut.length === 0) return null;
  return html`<section id="ruled-out"><h2>Ruled out <span class="dim">looked for, and not there</span></h2><table class="plain"><tbody>${ruledOut.map(({ id, why }) => html`<tr><th scope="row"><code>${id}</code></th><td>${why}</td></tr>
`)}</tbody></table></section>`;
}

const KINDS = { clean: 'no heavy probe: the headline figures', heavy: 'a heavy probe at work: its rate is not the server\'s', other: '' };

/** Windows, probes, what they cost, and what could not be seen: how far the rest is to be believed. */
export function measuredSection(report: Report): Markup {
  const { phases, probes, overhead, notObserved, load, whyslow, createdAt, target } = report;
  const origin = phases[0]?.startNs ?? 0;
  const ratio = new Map(overhead?.byWindow.map((w) => [w.name, w.ratio]));
  const ways = [...groupBy(notObserved, ({ enable }) => enable)];
  return html`<section id="measured"><h2>How it was measured</h2>
<p>whyslow ${whyslow} ${target.origin === 'launch' ? 'launched' : 'attached to'} <code>${target.command.join(' ')}</code> (${target.runtime}, process ${target.pid}) on ${createdAt}.
${load === null ? 'No load was counted.' : `Load by ${load.tool}: ${plural(load.connections, 'connection')}, ${load.keepAlive ? 'keep-alive' : 'no keep-alive'}, ${plural(load.requests, 'request')}; rate and latency are of the ${span(load.durationS * 1000)} of clean windows.`}</p>
<div class="pair"><div>
<h3>Windows</h3><div class="wide" tabindex="0" role="region" aria-label="Windows"><table class="plain"><thead><tr><th scope="col">window</th><th scope="col" class="n">from</th><th scope="col" class="n">length</th><th scope="col" class="n">rate against clean</th><th scope="col">holds</th></tr></thead><tbody>
${phases.map((w) => html`<tr><th scope="row">${WINDOW_WORDS[w.name]}</th><td class="n">${((w.startNs - origin) / 1e9).toFixed(2)} s</td><td class="n">${span((w.endNs - w.startNs) / 1e6)}</td><td class="n">${ratio.has(w.name) ? percent(ratio.get(w.name) ?? 0) : ''}</td><td class="dim">${KINDS[windowKind(w.name)]}</td></tr>
`)}</tbody></table></div>
<h3>What watching cost</h3><p>${overhead === null ? 'Not measured: no window without heavy probes to compare with.' : html`${overhead.throughputRatio === null ? '' : html`Throughput with probes / without: <strong>${percent(overhead.throughputRatio)}</strong>. `}<span class="dim">${overhead.method}</span>`}</p>
</div><div>
<h3>Probes</h3><div class="wide" tabindex="0" role="region" aria-label="Probes"><table class="plain"><thead><tr><th scope="col">probe</th><th scope="col">weight</th><th scope="col">status</th><th scope="col">why</th></tr></thead><tbody>
${probes.map(({ id, weight, status, reason, enable }) => html`<tr><th scope="row">${id}</th><td>${weight}</td><td class="s-${status}">${status}</td><td class="dim">${reason ?? ''}${enable === undefined ? '' : ` (${enable})`}</td></tr>
`)}</tbody></table></div></div></div>
<h3>What could not be seen</h3>
${ways.length === 0 ? html`<p>Nothing that this version looks for.</p>` : html`<ul>${ways.map(([enable, items]) => html`<li>${items.map(({ what, why }) => html`<strong>${what}</strong>: ${why}<br>`)}${enable === null ? '' : html`<span class="dim">to see it: ${enable}</span>`}</li>
`)}</ul>`}
</section>`;
}
