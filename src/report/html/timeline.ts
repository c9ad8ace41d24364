import type { Frame, Gathered, Report, TimelineFact, TimelineStall } from '../../types.js';
import { plural, span, time } from '../numbers.js';
import { placeText } from '../sections/frame-text.js';
import { chartData, CHART_TITLES, seconds, shownStalls } from './charts.js';
import { dataTable } from './data-table.js';
import { html, jsonForScript, type Markup } from './html.js';

/** One clock for everything that was measured over time; drawn by page/charts.js from the data beside it. */
export function timelineSection(timeline: Gathered<TimelineFact>, report: Report): Markup {
  if (!timeline.ok) return html`<section id="timeline"><h2>Timeline</h2><p>Nothing was measured over time: ${timeline.reason}.</p></section>`;
  const { absent } = timeline.value;
  return html`<section id="timeline"><h2>Timeline <span class="dim">seconds since the run began; all charts share the clock</span></h2>
<div id="tools" class="tools" role="toolbar" aria-label="Zoom" hidden></div>
<p class="dim hint" id="hint" hidden>Drag over a chart to zoom all of them; double-click, or 0, shows everything. With a chart in focus: arrows move, + and - zoom. A line stops where nobody looked. Clean windows hold no heavy probe: the headline figures are from there.</p>
<div id="charts"></div>
<noscript><p>The charts are drawn by a script; everything else on this page stands without.</p></noscript>
${absent.length === 0 ? '' : html`<div class="absent"><h3>Not drawn, since it was not seen</h3><ul>${absent.map(({ chart, why, enable }) => html`<li><strong>${CHART_TITLES[chart]}</strong>: ${why}${enable === null ? '' : html` <span class="dim">(${enable})</span>`}</li>
`)}</ul></div>`}
${stallSection(timeline.value, report)}
<script type="application/json" id="timeline-data">${jsonForScript(chartData(timeline.value, report.phases))}</script>
</section>`;
}

function stallSection(timeline: TimelineFact, { eventLoop }: Report): Markup | null {
  if (eventLoop === null) return null;
  const shown = shownStalls(timeline);
  const limit = `${span(eventLoop.thresholdMs)} in the ${span(eventLoop.watchedS * 1000)} watched`;
  if (shown.length === 0) return html`<h3 id="stalls">Stalls</h3><p>No tick of an event loop took more than ${limit}.</p>`;
  const number = new Map(shown.map((stall, i) => [stall, i]));
  return html`<h3 id="stalls">Stalls <span class="dim">${plural(timeline.stalls.length, 'tick')} of more than ${limit}${shown.length < timeline.stalls.length ? `, the ${shown.length} longest listed` : ''}</span></h3>
<div id="stall-details" aria-live="polite">${shown.map((stall, i) => stallDetails(stall, i, timeline))}</div>
${dataTable('stall-table', 'Stalls of the event loop', [
    { head: 'at', number: true, value: (s) => s.startNs, text: (s) => html`<button type="button" class="link" data-stall="${number.get(s) ?? 0}">${seconds(s.startNs, timeline.startNs).toFixed(3)} s</button>` },
    { head: 'length', number: true, value: (s) => s.lengthNs, text: (s) => time(s.lengthNs / 1e6) },
    { head: 'what was in it', text: (s) => causeText(s) },
    { head: 'where', text: (s) => (s.culprit ? html`<code class="path">${placeText(s.culprit)}</code>` : '') },
    { head: 'thread', number: true, value: (s) => s.tid, text: (s) => String(s.tid) },
  ], shown.toSorted((a, b) => b.lengthNs - a.lengthNs), 1)}`;
}

const CAUSES: Record<TimelineStall['cause'], string> = {
  gc: 'garbage collection', blocked: 'blocked', 'run-queue': 'waiting for a CPU', cpu: 'running code', unknown: 'cause not seen',
};
const SOURCES: Record<TimelineStall['source'], string> = {
  'event-loop': "the kernel's view of the event wait", sched: 'the scheduler: a stretch on the CPU without reading a request', node: "the runtime's own timer",
  proc: 'looks at where the thread stood',
};

const nameOf = ({ name }: Frame): string => (name === '' ? '(anonymous)' : name);

function causeText({ cause, syscall, culprit }: TimelineStall): string {
  const what = cause === 'blocked' && syscall !== null ? `blocked in ${syscall}` : CAUSES[cause];
  return culprit === null ? what : `${what}: ${nameOf(culprit)}`;
}

/** What was in one stall; shown when it is chosen. */
function stallDetails(stall: TimelineStall, i: number, { startNs }: TimelineFact): Markup {
  const { functions, sampledBy, gcMs } = stall;
  return html`<div class="stall" id="stall-${i}" hidden><h4>Stall of ${time(stall.lengthNs / 1e6)} at ${seconds(stall.startNs, startNs).toFixed(3)} s</h4>
<p>${causeText(stall)}${stall.culprit === null ? '' : html` <code>${placeText(stall.culprit)}</code>`}. Seen by ${SOURCES[stall.source]}, thread ${stall.tid}.${gcMs === null ? '' : ` Of it, ${time(gcMs)} in garbage collection.`}</p>
${functions === null ? html`<p class="dim">Which functions ran was not sampled in this one: the profile covers its own window only.</p>`
    : html`<table class="inside"><caption>Ran in it, by ${sampledBy === 'perf' ? 'a few samples of perf (native code and kernel)' : "the runtime's profile"}</caption><tbody>${functions.map(({ frame, ms }) => html`<tr><td class="n">${time(ms)}</td><td>${nameOf(frame)}</td><td><code>${placeText(frame)}</code></td></tr>
`)}</tbody></table>`}</div>
`;
}
