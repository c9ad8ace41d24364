import type { Report } from '../types.js';
import { code, escapeMarkdown as md } from './markdown-text.js';
import { count, percent, plural, span, time, whole } from './numbers.js';
import { safeValue } from './safe-text.js';
import { confidenceText, costText } from './sections/verdict.js';

/** A comment on a pull request is read in passing: what does not fit here stands in the page (`--html`) and in the JSON. */
const EVIDENCE_SHOWN = 6;
const ADVICE_SHOWN = 4;
const PARTS_SHOWN = 5;
const OTHERS_SHOWN = 4;
/** `words` in backticks stay code; what is around them stays text. */
const prose = (text: string): string => text.split(/`([^`]+)`/).map((part, i) => (i % 2 === 1 ? code(part) : md(part))).join('');

/** A command may be a page long. */
const COMMAND_CHARS = 100;

const UNICODE = { unicode: true };

/** The verdict, its evidence, what to do, a small table and how it was measured, to paste below a change. GitHub's Markdown. */
export function renderMarkdown(unsafe: Report): string {
  const report = safeValue(unsafe, { maxChars: 300 });
  const blocks = [...answer(report), figures(report), requestTime(report), others(report), measured(report)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function answer({ verdict, findings, interrupted }: Report): string[] {
  const finding = findings.find(({ id }) => id === verdict.id);
  const price = finding?.kind === 'load' ? null : costText(verdict.cost, UNICODE);
  const evidence = (finding?.evidence ?? []).slice(0, EVIDENCE_SHOWN);
  const doubted = findings.filter(({ kind, follows }) => kind === 'load' && follows === undefined).map(({ id }) => code(id));
  const advice = (finding?.advice ?? []).slice(0, ADVICE_SHOWN);
  return [
    `### ${md(verdict.title)}`,
    md(verdict.summary),
    evidence.map(({ text, speaks }) => `- ${speaks === 'against' ? 'against it: ' : ''}${md(text)}`).join('\n'),
    `${price === null ? '' : `**costs ${md(price)}** · `}confidence: ${confidenceText(verdict.confidence)} · ${code(verdict.id)}`,
    verdict.closeSecond === null ? '' : `Close second: ${md(verdict.closeSecond.title)} (${code(verdict.closeSecond.id)})`,
    doubted.length === 0 ? '' : `**The numbers below are in doubt** (${doubted.join(', ')}): they measure the load as much as the server.`,
    interrupted === null ? '' : `The run ended early: ${md(interrupted)}.`,
    advice.length === 0 ? '' : `**What to do**\n\n${advice.map((step, i) => `${i + 1}. ${prose(step)}`).join('\n')}`,
  ];
}

function figures({ load }: Report): string {
  if (load === null) return '';
  const { latencyMs } = load;
  const cells: [string, string][] = [
    ['req/s', count(load.rps)],
    ...(latencyMs === null ? [] : [['p50', time(latencyMs.p50)], ['p99', time(latencyMs.p99)], ['max', time(latencyMs.max)]] as [string, string][]),
    ['errors', whole(load.errors)], ['timeouts', whole(load.timeouts)], ['non-2xx', whole(load.non2xx)],
  ];
  return table(cells.map(([name]) => name), [cells.map(([, figure]) => figure)], () => true);
}

function requestTime({ ledger }: Report): string {
  const request = ledger?.request;
  if (!request) return '';
  const rows = request.parts.slice(0, PARTS_SHOWN).map(({ label, ms, share }) => [md(label), time(ms), percent(share)]);
  return table([`one request, ${span(request.totalMs)}`, 'time', 'share'], rows, (column) => column > 0);
}

function others({ findings, verdict }: Report): string {
  const rest = findings.filter(({ id }) => id !== verdict.id);
  if (rest.length === 0) return '';
  const more = rest.length - OTHERS_SHOWN;
  const items = rest.slice(0, OTHERS_SHOWN).map(({ id, title, kind, cost }) => {
    const price = kind === 'note' ? 'not why requests are slow' : costText(cost, UNICODE);
    return `${md(title)} (${price === null ? '' : `${md(price)}; `}${code(id)})`;
  });
  return `Also found: ${items.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function measured({ whyslow, target, load, overhead, notObserved }: Report): string {
  const words = target.command.join(' ');
  const command = words.length > COMMAND_CHARS ? `${words.slice(0, COMMAND_CHARS)}…` : words;
  const parts = [
    `whyslow ${md(whyslow)}${command === '' ? '' : `, ${code(command)}`}`,
    ...(load === null ? [] : [`${md(load.tool)}, ${plural(load.connections, 'connection')}, ${load.keepAlive ? 'keep-alive' : 'no keep-alive'}, figures over ${span(load.durationS * 1000)} without heavy probes`]),
    ...(overhead?.throughputRatio == null ? [] : [`throughput with probes / without: ${percent(overhead.throughputRatio)}`]),
    ...(notObserved.length === 0 ? [] : [`not seen: ${notObserved.map(({ what }) => md(what)).join(', ')}`]),
  ];
  return `<sub>Measured: ${parts.join(' · ')}</sub>`;
}

function table(heads: string[], rows: string[][], isNumber: (column: number) => boolean): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, i) => (isNumber(i) ? '---:' : '---'))), ...rows.map(line)].join('\n');
}
