import { hotFunctionsFact } from '../facts/hot-functions.js';
import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import type { Frame, HotFunctionsFact, RequestsFact, Rule, SocketsFact } from '../types.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { namesCode } from './support/hot-code.js';
import { kernelShareOf, serverWork, sourceWords } from './support/kernel.js';

const id = 'connection-churn';
const title = 'Each request pays for a connection of its own';

/** Connections a request; fewer, and most requests come over a kept one. */
const LEAST_PER_REQUEST = 0.5;
/** Calls that only the coming and going of connections needs. */
const SETUP = /^(accept4?|shutdown|close|setsockopt|getsockopt|getsockname|getpeername|epoll_ctl|fcntl|ioctl|clone3?)$/;
/** Node's code for new and ended connections, with all below it. */
const SETUP_CODE = /^(onconnection|connectionListener\w*|_destroy|destroy|emitCloseNT|socketOnClose|onReadableStreamEnd|_final|Socket)$/;
const SETUP_FILES = /^(node:)?(net|_http_server|_tls_wrap|internal\/streams\/destroy)$/;
/** Of the work: less is no reason, whoever asked for it. */
const MATTERS = 0.1;
/** Where the client asked for it, that is how the load was meant, unless hardly anything else is done. */
const MATTERS_IF_ASKED = 0.3;

/** A connection is made, used once and ended: handshake, accept, socket and close for every request. */
export const connectionChurn: Rule = {
  id, title,
  diagnose(read) {
    const [sockets, requests, gathered] = [read(socketsFact), read(requestsFact), serverWork(read)];
    if (!requests.ok) return noData(requests);
    const perRequest = connectionsPerRequest(optional(sockets), requests.value);
    if (perRequest === null) return noData(sockets.ok ? { ok: false, reason: 'connections could not be counted', enable: 'run as root with bpftrace' } : sockets);
    if (perRequest < LEAST_PER_REQUEST) return absent(`${count(perRequest)} connections a request: they are kept alive`);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const kernel = kernelShareOf(work.calls, SETUP);
    const profile = optional(read(hotFunctionsFact));
    const byProfile = profile && namesCode(profile) ? setupCode(profile) : null;
    const share = clamp(Math.max(kernel, byProfile ?? 0));
    const asked = !requests.value.keepAlive;
    const who = closer(asked, optional(sockets));
    if (share < MATTERS) return absent(`${count(perRequest)} connections a request (${who}), but making and ending them takes ${percent(share)} of the work`);
    const matters = !asked || share >= MATTERS_IF_ASKED;
    const costMs = work.msPerRequest === null ? null : work.msPerRequest * share;
    return found({
      id, title, kind: matters ? 'cause' : 'note',
      summary: `${count(perRequest)} connections a request (${who}): making and ending them takes at least ${percent(share)} of the server's work.`,
      confidence: confidence(0.62, [[perRequest >= 0.9, 0.08], [!asked, 0.1], [byProfile === null ? null : byProfile >= MATTERS, 0.05], [work.source === 'ledger' ? true : null, 0.05]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        evidence(`${count(perRequest)} new connections a request`, perRequest, 'connections/request'),
        evidence(who, asked ? 1 : 0, 'flag'),
        evidence(`${percent(kernel)} of the work in accept, close and their kin, ${sourceWords(work)}; handshakes in interrupts come on top`, kernel, 'share'),
        ...(byProfile === null ? [] : [evidence(`${percent(byProfile)} of the CPU in the runtime's code for new and ended connections`, byProfile, 'share')]),
        ...(costMs === null ? [] : [evidence(`at least ${ms(costMs)} a request`, costMs, 'ms/request')]),
      ],
      culprit: { kind: 'socket', name: asked ? 'connections that the load asks to close' : 'connections that the server closes after each response' },
      advice: [...adviceFor(asked, optional(sockets)), 'Check: connections a request in this report drop to 0, and the rate rises.'],
    });
  },
};

function connectionsPerRequest(sockets: SocketsFact | null, requests: RequestsFact): number | null {
  if (sockets?.acceptsPerRequest != null) return sockets.acceptsPerRequest;
  const { connectionsOpened, completed } = requests.headline;
  return connectionsOpened !== null && connectionsOpened > 0 && completed > 0 ? connectionsOpened / completed : null;
}

function closer(asked: boolean, sockets: SocketsFact | null): string {
  if (asked) return 'the load asked for it: no keep-alive';
  if (sockets?.serverClosesFirst == null) return 'though the load asked to keep them';
  return sockets.serverClosesFirst ? 'the server closes them, though the load asked to keep them' : 'the client closes them, told so by the response';
}

function adviceFor(asked: boolean, sockets: SocketsFact | null): string[] {
  // Where small sends are not pushed out by a close any more, each waits for the client's delayed ACK.
  const nagle = sockets?.noDelay === false && (sockets.sendsPerResponse ?? 0) > 1.5
    ? ['First set TCP_NODELAY or send each response in one piece: with keep-alive and Nagle\'s algorithm as it is, each response would wait 40 ms for the client\'s ACK.'] : [];
  return asked
    ? ['The load makes a connection a request: measure with keep-alive if the real clients (browsers, proxies) keep theirs.', ...nagle, 'If the real clients do not, put a proxy in front that keeps its connections to this server.']
    : [...nagle, 'Let the server keep connections: no `Connection: close` header, HTTP/1.1 answers, a keep-alive timeout above 0.',
      'A server that cannot (HTTP/1.0, sync workers) belongs behind a proxy, or give way to one that can.'];
}

function setupCode(hot: HotFunctionsFact): number {
  const inside = (f: Frame): boolean => f.origin === 'runtime' && f.file !== null && SETUP_FILES.test(f.file) && SETUP_CODE.test(f.name);
  return clamp(hot.functions.reduce((sum, f) => ([f.frame, ...f.callers].some(inside) ? sum + f.selfShare : sum), 0));
}
