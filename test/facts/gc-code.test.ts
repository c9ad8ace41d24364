import { describe, expect, it } from 'vitest';
import { isCollecting } from '../../src/facts/gc-code.js';
import type { PerfFrame } from '../../src/parse/perf-script.js';

const sample = (names: string[], comm = 'node') => ({ comm, stack: names.map((name): PerfFrame => ({ name, dso: '/usr/bin/node', kind: 'native' })) });

describe('isCollecting', () => {
  it.each([
    'v8::internal::ConcurrentMarking::RunMajor', 'v8::internal::Sweeper::RawSweep', 'v8::internal::Scavenger::Process',
    'v8::internal::MarkingVisitorBase<v8::internal::ConcurrentMarkingVisitor>::VisitFixedArray', 'v8::internal::MarkCompactCollector::ProcessMarkingWorklist',
    'std::__detail::_Map_base<v8::internal::MemoryChunk*, std::pair<v8::internal::MemoryChunk* const, int> >::operator[]', 'runtime.gcBgMarkWorker', 'runtime.scanobject',
  ])('knows %s', (name) => {
    expect(isCollecting(sample(['memmove', name, 'start_thread']))).toBe(true);
  });

  it.each(['v8::internal::compiler::PipelineImpl::Run', 'v8::internal::JsonStringifier::Serialize', 'uv__work_submit', 'runtime.mallocgc', 'v8::internal::Factory::NewStringFromUtf8'])('does not take %s for it', (name) => {
    expect(isCollecting(sample([name]))).toBe(false);
  });

  it("knows the JVM's threads by their names", () => {
    expect(isCollecting(sample(['[unknown]'], 'GC Thread#1'))).toBe(true);
    expect(isCollecting(sample(['[unknown]'], 'G1 Conc#0'))).toBe(true);
    expect(isCollecting(sample(['[unknown]'], 'C2 CompilerThre'))).toBe(false);
  });
});
