import { hotFunctionsFact } from '../facts/hot-functions.js';
import { socketsFact } from '../facts/sockets.js';
import type { Rule, SocketsFact } from '../types.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { namesCode } from './support/hot-code.js';
import { kernelShareOf, serverWork, sourceWords } from './support/kernel.js';
import { sendingCode } from './support/send-code.js';

const id = 'small-writes';
const title = 'Responses go out in many small sends';

/** More than a few: head, body and end of a chunked body are three. */
const LEAST_SENDS = 4;
/** One send takes this much without effort, bytes (a socket's buffer holds more). */
const ONE_SEND_BYTES = 16_384;
/** Calls that may send on a socket. */
const SENDS = /^(write|writev|sendto|sendmsg|sendmmsg)$/;
/** Of the server's work that fewer sends would save. */
const MATTERS = 0.1;
/** Of the responses: held back, and Nagle is the matter. */
const HELD = 0.2;

/** One response in many calls of send, none of them held back: the calls themselves are the cost. */
export const smallWrites: Rule = {
  id, title,
  diagnose(read) {
    const [sockets, gathered] = [read(socketsFact), serverWork(read)];
    if (!sockets.ok) return noData(sockets);
    const s = sockets.value;
    if (s.sendsPerResponse === null) return { kind: 'no-data', why: 'sends a response were not counted', enable: 'run as root with bpftrace, on Linux 6.3 or later' };
    if (s.sendsPerResponse < LEAST_SENDS) return absent(`${count(s.sendsPerResponse)} sends a response`);
    if (s.noDelay !== true && s.heldShare !== null && s.heldShare >= HELD) return absent(`${percent(s.heldShare)} of the responses were held back: nagle-delayed-ack`);
    if (!gathered.ok) return noData(gathered);
    const work = gathered.value;
    const bytes = bytesPerResponse(s);
    const needed = Math.max(1, Math.ceil(bytes / ONE_SEND_BYTES));
    const spare = clamp(1 - needed / s.sendsPerResponse);
    const profile = optional(read(hotFunctionsFact));
    const code = profile && namesCode(profile) ? sendingCode(profile) : null;
    const kernel = kernelShareOf(work.servingCalls, SENDS);
    const share = clamp(Math.max(kernel, code ?? 0) * spare);
    if (share < MATTERS) return absent(`${count(s.sendsPerResponse)} sends a response where ${count(needed)} would do take ${percent(share)} of the work`);
    const costMs = work.msPerRequest === null ? null : work.msPerRequest * share;
    return found({
      id, title, kind: 'cause',
      summary: `${count(s.sendsPerResponse)} sends a response of about ${count(bytes)} bytes, where ${count(needed)} would do: about ${percent(share)} of the server's work.`,
      confidence: confidence(0.62, [[s.sendsPerResponse >= 2 * LEAST_SENDS, 0.1], [share >= 2 * MATTERS, 0.08], [code === null ? null : code >= MATTERS, 0.05], [work.source === 'ledger' ? true : null, 0.05]]),
      cost: { share: share * work.latencyShare, msPerRequest: costMs },
      evidence: [
        evidence(`${count(s.sendsPerResponse)} sends a response`, s.sendsPerResponse, 'sends/response'),
        evidence(`${count(bytes / s.sendsPerResponse)} bytes a send, about`, bytes / s.sendsPerResponse, 'bytes'),
        evidence(`${percent(kernel)} of the work in the kernel's calls for sending, ${sourceWords(work)}`, kernel, 'share'),
        ...(code === null ? [] : [evidence(`${percent(code)} of the CPU in the runtime's code for writing to sockets, the kernel's part included`, code, 'share')]),
        ...(costMs === null ? [] : [evidence(`${ms(costMs)} a request`, costMs, 'ms/request')]),
      ],
      culprit: { kind: 'socket', name: 'sends of the served sockets' },
      advice: [
        'Gather the pieces into blocks of 16 kB or so before they are sent: a buffered writer, cork and uncork (Node), one join of the parts (Python), writev.',
        'A generator that yields rows or lines is the usual source: let it yield blocks.',
        ...(s.noDelay === false ? ['Do not leave two sends where Nagle\'s algorithm is on and connections are kept: one send, or TCP_NODELAY with it.'] : []),
        'Check: `strace -f -c -e trace=write,writev,sendto,sendmsg -p PID` for a moment under load (it slows the server): calls by requests of that time.',
      ],
    });
  },
};

/** Mean sizes of the first sends; the last one listed stands for all later. */
function bytesPerResponse({ sendBytes, sendsPerResponse }: SocketsFact): number {
  const later = sendBytes.at(-1) ?? 0;
  const listed = sendBytes.reduce((sum, b) => sum + b, 0);
  return listed + Math.max(0, (sendsPerResponse ?? 0) - sendBytes.length) * later;
}
