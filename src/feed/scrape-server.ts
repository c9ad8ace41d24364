import { createServer } from 'node:http';
import { usageError } from '../errors.js';
import type { Metric, Resource } from '../export/metric.js';
import { PROMETHEUS_TYPE, renderPrometheus } from '../export/prometheus.js';

export interface ScrapeServer { url: string; close(): Promise<void> }

/** A scrape that hangs holds nothing up for longer, ms. */
const TIMEOUT_MS = 10_000;

/** Answers GET /metrics until closed. Errors: usage, where the address cannot be listened on. */
export async function scrapeServer(host: string, port: number, read: () => { metrics: Metric[]; resource: Resource }): Promise<ScrapeServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(path === '/metrics' ? 405 : 404, { 'content-type': 'text/plain; charset=utf-8' }).end('whyslow: figures are at /metrics\n');
      return;
    }
    const { metrics, resource } = read();
    response.writeHead(200, { 'content-type': PROMETHEUS_TYPE, 'cache-control': 'no-store' }).end(renderPrometheus(metrics, resource));
  });
  server.requestTimeout = server.headersTimeout = TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(usageError(`--prometheus: cannot listen on ${host} port ${port} (${error.code ?? error.message}); give another one`)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${at}/metrics`,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
