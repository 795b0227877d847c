import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^sallyport\/scenario$/, replacement: here('src/scenario/index.ts') },
      { find: /^sallyport$/, replacement: here('src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'scenarios/**/*.scenario.ts'],
    pool: 'threads',
    // Vitest leaves a core to itself, and of two that is half of what there is.
    maxWorkers: '100%',
    // Files share the modules of their thread: the lab keeps nothing between runs, and loading it two hundred times took a third of all.
    isolate: false,
    // Some tests start a process for each command, and machines that test much are slow.
    testTimeout: 60_000,
    globalSetup: ['test/build-dist.ts'],
    reporters: ['default'],
  },
})
