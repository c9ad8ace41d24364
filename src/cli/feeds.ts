import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { usageError } from '../errors.js';
import { reportMetrics, reportPeriod, reportResource } from '../export/report-metrics.js';
import { renderOtlp } from '../export/otlp.js';
import { renderPrometheus } from '../export/prometheus.js';
import { liveFeed } from '../feed/live-feed.js';
import { isLoopbackName, mayPostTo } from '../feed/loopback.js';
import { postOtlp } from '../feed/post-otlp.js';
import { scrapeServer } from '../feed/scrape-server.js';
import { safeText } from '../report/safe-text.js';
import type { Report } from '../types.js';
import type { Complain } from './options.js';
import type { RawOptions } from './program.js';
import { note, type World } from './world.js';

/** Where figures go besides the report. */
interface Feeds {
  prometheusFile: string | null;
  /** Scraped here while the run goes on. */
  scrape: { host: string; port: number } | null;
  otlp: string | null;
}

/** :9464, 0.0.0.0:9464, [::1]:9464; what has a slash is a file. */
const ADDRESS = /^(?:\[([0-9a-f:.]+)\]|([\w.-]*)):(\d{1,5})$/i;
const LOOPBACK = '127.0.0.1';
/** Where OTLP/HTTP takes metrics when the address names no path: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
const OTLP_PATH = '/v1/metrics';

export function feedsOf({ prometheus, otlp, allowRemote = false }: RawOptions, complain: Complain): Feeds {
  const [, v6, name, port] = ADDRESS.exec(prometheus ?? '') ?? [];
  const scrape = port === undefined ? null : { host: v6 ?? (name || LOOPBACK), port: Number(port) };
  if (scrape && scrape.port > 65_535) complain(`--prometheus "${prometheus}": there is no port ${scrape.port}; give one from 0 (any that is free) to 65535`);
  if (scrape && !allowRemote && !isLoopbackName(scrape.host)) complain(`--prometheus "${prometheus}" would be open to other machines; give only :${scrape.port}, or --allow-remote as well`);
  if (prometheus === '-') complain('--prometheus takes a file, or :PORT to be scraped at');
  return { scrape, prometheusFile: scrape ? null : prometheus ?? null, otlp: otlp === undefined ? null : otlpUrl(otlp, complain) };
}

function otlpUrl(text: string, complain: Complain): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    complain(`--otlp "${text}" is not an HTTP address; give one like http://127.0.0.1:4318`);
    return null;
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    complain(`--otlp: a name or password in the address would be seen by every process; leave it out and set ${HEADERS_VARIABLE}`);
    return null;
  }
  if (url.pathname === '/') url.pathname = OTLP_PATH;
  return url.href;
}

/** OpenTelemetry's own variable for what a collector wants to be told, keys as a rule: a=b,c=d, percent-encoded. */
const HEADERS_VARIABLE = 'OTEL_EXPORTER_OTLP_HEADERS';

const otlpHeaders = (env: NodeJS.ProcessEnv): Record<string, string> => Object.fromEntries((env[HEADERS_VARIABLE] ?? '').split(',').flatMap((pair) => {
  const at = pair.indexOf('=');
  if (at < 1) return [];
  try {
    return [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]];
  } catch {
    return [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]];
  }
}));

/** What a run tells its scrape endpoint. */
interface Scrape { watch(artifactsDir: string): void; window(name: string): void; close(): Promise<void> }

/** Where figures are to be posted, told before anything is run. Errors: usage. */
export async function checkFeeds(raw: RawOptions): Promise<void> {
  const { otlp } = feedsOf(raw, () => undefined);
  if (otlp !== null) await mayPostTo(otlp, raw.allowRemote ?? false);
}

/** Listens where figures are to be scraped. Errors: usage. */
export async function scrapeWhile(raw: RawOptions, world: World, tell: (line: string) => void): Promise<Scrape> {
  const { scrape } = feedsOf(raw, () => undefined);
  if (scrape === null) return { watch: () => undefined, window: () => undefined, close: async () => undefined };
  const feed = liveFeed(world.version);
  const server = await scrapeServer(scrape.host, scrape.port, feed.read);
  tell(`figures are at ${server.url} while it runs`);
  return { watch: feed.watch, window: feed.window, close: server.close };
}

/** The figures of a finished report, to wherever they were asked for. What does not arrive is told; the report is out already. */
export async function emitFeeds(report: Report, raw: RawOptions, world: World): Promise<void> {
  const { prometheusFile, otlp } = feedsOf(raw, () => undefined);
  const [metrics, resource] = [reportMetrics(report), reportResource(report)];
  if (prometheusFile !== null) writeWhole(prometheusFile, renderPrometheus(metrics, resource));
  if (otlp === null) return;
  const why = await postOtlp(otlp, renderOtlp(metrics, resource, { name: 'whyslow', version: report.whyslow }, reportPeriod(report)), otlpHeaders(world.env));
  if (why !== null) note(world, `--otlp: the figures did not reach ${safeText(otlp)}: ${safeText(why)}; the report is complete`);
}

/** Put in place whole: node_exporter's textfile collector may read at any moment. */
function writeWhole(file: string, text: string): void {
  const plain = !existsSync(file) || statSync(file).isFile();
  const draft = plain ? `${file}.${process.pid}.tmp` : file;
  try {
    writeFileSync(draft, text);
    if (plain) renameSync(draft, file);
  } catch (error) {
    if (plain) rmSync(draft, { force: true });
    throw usageError(`--prometheus "${file}" cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}); the report above is complete`);
  }
}
