import type { Frame, HotFunctionsFact } from '../../types.js';
import { clamp } from './finding.js';

/** What Node runs to hand bytes to a socket, in JavaScript and below. */
const SENDS = /^(writev?(Latin1|Utf8|Ascii|Ucs2)?(String|Buffer)?|_writev?|writevGeneric|writeGeneric|handleWriteReq|afterWriteDispatched|connectionCorkNT|_writeGeneric|doWrite|clearBuffer)$/;
const FILES = /^(node:)?(net|internal\/stream_base_commons|internal\/streams\/writable|_http_outgoing)$/;

/** CPU share of the runtime's code that sends, by the self time of what runs in it before any code of the program's own. */
export function sendingCode(hot: HotFunctionsFact): number {
  const inside = (f: Frame): boolean => f.origin === 'runtime' && SENDS.test(f.name) && (f.file === null || FILES.test(f.file));
  const isOwn = (f: Frame): boolean => f.origin === 'app' || f.origin === 'dependency';
  return clamp(hot.functions.reduce((sum, f) => {
    const stack = [f.frame, ...f.callers];
    const own = stack.findIndex(isOwn);
    return stack.slice(0, own < 0 ? stack.length : own).some(inside) ? sum + f.selfShare : sum;
  }, 0));
}
