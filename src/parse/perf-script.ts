/**
 * Reads the text of `perf script -F comm,pid,tid,time,event,ip,sym,dso --ns`: a head line a sample, its frames from the
 * leaf to the root, a blank line. Upstream: tools/perf/builtin-script.c (process_event), tools/perf/util/evsel_fprintf.c;
 * compare speedscope's import/linux-tools-perf.ts. whyslow puts one line before: how it sampled.
 *
 *   # perf 6.1.176 frequencyHz=199 keptOneOf=1
 *   node  7640/7640   1479.771536123: cpu-clock:
 *   	ffffffff82203249 _raw_spin_unlock_irqrestore ([kernel.kallsyms])
 *   	ffffffff816ba3ec do_writev ([kernel.kallsyms])
 *   	ffffffff821ef691 do_syscall_64 ([kernel.kallsyms])
 *   	           fde9d __GI___writev (/usr/lib/x86_64-linux-gnu/libc.so.6)
 *   	    7f9756007392 [unknown] (/tmp/perf-7640.map)
 *   	          8deef3 node::(anonymous namespace)::Parser::on_headers_complete (/usr/bin/node)
 */
import { linesOf } from './lines.js';

export type PerfFrameKind = 'kernel' | 'native' | 'jit';

export interface PerfFrame {
  /** `[unknown]` where perf found no symbol. Untrusted text. */
  name: string;
  /** Program or library; `[kernel.kallsyms]`, `[vdso]`, `/tmp/perf-PID.map`. */
  dso: string;
  kind: PerfFrameKind;
  /** Of code made at run time, and where perf knew nothing: for a perf map. */
  address?: number;
}

export interface PerfSample {
  /** CLOCK_MONOTONIC. */
  tNs: number;
  pid: number;
  tid: number;
  comm: string;
  event: string;
  /** Leaf first; empty where perf could not walk the stack. */
  stack: PerfFrame[];
}

/** The name may hold anything, also digits and slashes: read from the right. */
const HEAD = /^\s*(\S.*?)\s+(\d+)\/(\d+)\s+(?:\[\d+\]\s+)?(\d+)\.(\d+):\s+(?:\d+\s+)?(\S+?):*\s*$/;
const FRAME = /^\s+([0-9a-f]+)\s(.*)$/;

/** Samples of the whole text; lines that are neither head nor frame are passed over, and so is a sample cut short in its head. */
export function* parsePerfScript(chunks: Iterable<string>): Generator<PerfSample> {
  let sample: PerfSample | null = null;
  for (const line of linesOf(chunks)) {
    if (line.trim() === '') {
      if (sample) yield sample;
      sample = null;
      continue;
    }
    if (line.startsWith('#')) continue;
    const frame = /^\s/.test(line) && sample ? FRAME.exec(line) : null;
    if (frame && sample) {
      sample.stack.push(frameOf(frame[1] ?? '', (frame[2] ?? '').trim()));
      continue;
    }
    const head = HEAD.exec(line);
    if (!head) continue;
    if (sample) yield sample;
    const [, comm = '', pid, tid, seconds, fraction = '', event = ''] = head;
    sample = {
      tNs: Number(seconds) * 1e9 + Number(fraction.padEnd(9, '0').slice(0, 9)),
      pid: Number(pid), tid: Number(tid), comm, event, stack: [],
    };
  }
  if (sample) yield sample;
}

/** How whyslow sampled; each sample stands for `keptOneOf / frequencyHz` seconds on a CPU. Null without its line. */
export function perfHeader(text: string): { frequencyHz: number; keptOneOf: number } | null {
  const match = /^# perf \S* ?frequencyHz=(\d+) keptOneOf=(\d+)/.exec(text);
  return match ? { frequencyHz: Number(match[1]), keptOneOf: Number(match[2]) } : null;
}

function frameOf(ip: string, text: string): PerfFrame {
  const open = dsoStart(text);
  const name = (open === -1 ? text : text.slice(0, open)).trim();
  const dso = open === -1 ? '' : text.slice(open + 1, -1);
  const kind = kindOf(ip, dso);
  const frame = { name: name === '' ? '[unknown]' : name, dso, kind };
  return kind === 'jit' || dso === '[unknown]' ? { ...frame, address: parseInt(ip, 16) } : frame;
}

/** Where the last group in parentheses opens: `f(int) (/lib/x.so (deleted))` -> 7; -1 when there is none. */
function dsoStart(text: string): number {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(') depth--;
    if (depth === 0) return text[i] === '(' && (i === 0 || text[i - 1] === ' ') ? i : -1;
  }
  return -1;
}

/** Addresses of the kernel have the top bit set; code made at run time lies in a perf map or in memory without a file. */
function kindOf(ip: string, dso: string): PerfFrameKind {
  if (ip.length === 16 && /^[89a-f]/.test(ip)) return 'kernel';
  if (/^\[(?:kernel|guest\.kernel)/.test(dso) || /\.ko(?:\.\w+)?$/.test(dso)) return 'kernel';
  if (/(?:^|\/)(?:perf-\d+\.map|jitted-\d+-\d+\.so)$/.test(dso) || /^(?:\/\/anon|\[anon|\/memfd:|anon_inode:)/.test(dso)) return 'jit';
  return 'native';
}
