import { defineConfig } from 'vitest/config'

const HAPI_TIMEOUT_MS = 120_000
/** Far more than a test without servers takes: a property of hundreds of runs is slow on a busy machine, and that is no failure. */
const UNIT_TIMEOUT_MS = 60_000

export default defineConfig({
  test: {
    projects: [
      {
        // Needs no server: rules, actions on the in-memory EHR, doors by app.inject.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], environment: 'node', testTimeout: UNIT_TIMEOUT_MS, sequence: { groupOrder: 1 } },
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
      {
        // The same servers, and a real Chromium in front of the gateway.
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: HAPI_TIMEOUT_MS,
          hookTimeout: HAPI_TIMEOUT_MS,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
