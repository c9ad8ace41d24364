import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/smoke/**', 'test/gather/bpf-{probes,births}.test.ts'], testTimeout: 30_000 } },
      // Real servers under real load: one file at a time, or they measure each other.
      { test: { name: 'smoke', include: ['test/smoke/**/*.test.ts', 'test/gather/bpf-{probes,births}.test.ts'], fileParallelism: false, testTimeout: 120_000, hookTimeout: 120_000 } },
    ],
  },
});
