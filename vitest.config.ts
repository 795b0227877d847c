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
    globalSetup: ['test/build-dist.ts'],
    reporters: ['default'],
  },
})
