import type { StackProfile } from '../types.js';
import { duration } from './flame-words.js';

const UNITS: Record<StackProfile['unit'], string> = { cpu: 'time on a CPU', wall: 'time that went by', 'off-cpu': 'time off the CPU' };

const NS_PER_US = 1000;

function about({ stacks, durationNs, requests, source, window }: StackProfile): string {
  const samples = stacks.reduce((sum, stack) => sum + stack.samples, 0);
  const weightNs = stacks.reduce((sum, { weightNs: ns }) => sum + ns, 0);
  return [
    `${duration(weightNs / NS_PER_US)} in ${samples} samples and ${stacks.length} distinct stacks`,
    `over ${duration(durationNs / NS_PER_US)}`, `from ${source}`, ...(window === 'all' ? [] : [`window ${window}`]),
    ...(requests === null ? [] : [`${requests} requests`]),
  ].join(', ');
}

/** What is drawn, and of how much. */
export function profileTitle(profile: StackProfile, { title = '', other = null }: { title?: string; other?: StackProfile | null }): { title: string; details: string } {
  return {
    title: `${title === '' ? '' : `${title}: `}${UNITS[profile.unit]}${other ? ', compared' : ''}`,
    details: other ? `This run: ${about(profile)}. The other: ${about(other)}.` : `${about(profile)}.`,
  };
}
