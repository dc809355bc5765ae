import { defineConfig } from 'vitest/config'

const HAPI_TIMEOUT_MS = 120_000

export default defineConfig({
  test: {
    projects: [
      {
        // Needs no server: rules, actions on the in-memory EHR, doors by app.inject.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], environment: 'node', sequence: { groupOrder: 1 } },
      },
      {
        // Needs HAPI and Redis (scripts/test.ts starts them): one file after the other, so that races are only those a test makes.
        test: {
          name: 'hapi',
          include: ['test/hapi/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: HAPI_TIMEOUT_MS,
          hookTimeout: HAPI_TIMEOUT_MS,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
