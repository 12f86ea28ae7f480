// End-to-end tests against the release build in a real browser. `./dev test` runs them; `./dev e2e`
// runs them alone and passes its arguments on to Playwright.
//
// SLUICE_BIN       the server to start, on a data folder of its own
// SLUICE_URL       tests a server that already runs there instead, with the options below
// SLUICE_SHARED    a folder of such a server's machine that it may read, in place of a new one
// SLUICE_CHROMIUM  the browser to use instead of Playwright's own

import { defineConfig, devices } from '@playwright/test';
import { sharedFolder } from './tests/shared-folder';

const address = '127.0.0.1:8077';
const runningServer = process.env.SLUICE_URL;

// Relative to this folder; emptied before each run and kept after it, to look at what went wrong.
const dataFolder = 'server-data';

// What a browser must be told inside a container, and what keeps it from calling its maker.
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const options = [
  `--addr ${address}`,
  `--data-dir ${dataFolder}`,
  `--allowed-dirs '${sharedFolder}'`,
  // A large job keeps the others pending.
  '--max-concurrent-jobs 1',
  '--min-free-disk 0',
  // No row is cleaned up while a test looks at it.
  '--max-jobs 100000',
];

function startedServer() {
  if (!process.env.SLUICE_BIN) {
    throw new Error('SLUICE_BIN must name the server, or SLUICE_URL one that runs; ./dev e2e sets it');
  }
  return {
    command: `rm -rf ${dataFolder} && exec "$SLUICE_BIN" ${options.join(' ')}`,
    url: `http://${address}/health`,
    reuseExistingServer: false,
    timeout: 30_000,
    stdout: 'pipe' as const,
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 15_000 },
  };
}

export default defineConfig({
  testDir: 'tests',
  forbidOnly: !!process.env.CI,
  retries: 0,
  // One server for all: tests that ran at once would see each other's jobs.
  workers: 1,
  reporter: 'list',
  // Some jobs are meant to take seconds.
  expect: { timeout: 10_000 },
  use: {
    ...devices['Desktop Chrome'],
    baseURL: runningServer ?? `http://${address}`,
    launchOptions: {
      args: browserArguments,
      executablePath: process.env.SLUICE_CHROMIUM || undefined,
    },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'chromium', testIgnore: '**/*.nojs.spec.ts' },
    { name: 'no-javascript', testMatch: '**/*.nojs.spec.ts', use: { javaScriptEnabled: false } },
  ],
  webServer: runningServer ? undefined : startedServer(),
});
