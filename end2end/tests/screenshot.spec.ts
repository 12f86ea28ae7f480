// The picture in the README. SLUICE_SCREENSHOT=1 ./dev e2e screenshot puts it in its place.

import { prose, textFile } from './given';
import { hasStatus, isConnected, jobOf, open } from './pages';
import { expect, test } from './test';

const place = process.env.SLUICE_SCREENSHOT ? '../docs/dashboard.png' : 'test-results/dashboard.png';
test.use({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });

test('the dashboard at work', async ({ page, given }) => {
  await given.text('The gates open at six in the morning and close at ten at night.', { source: 'notice' });
  await given.reaches(await given.filesJob(textFile('lock-keepers-handbook.md', prose(240_000))), 'completed');
  const letters = ['may.txt', 'june.txt', 'july.txt'].map((name) => textFile(name, prose(30_000)));
  await given.reaches(await given.filesJob(...letters), 'completed');
  await given.runningJob('river-levels-draft.log');
  await given.nothingRuns();
  await given.failedJob('scan-without-text.txt');
  await given.reaches(await given.filesJob(textFile('tolls-1998.txt', prose(90_000))), 'completed');
  const running = await given.runningJob('river-levels-1950-2020.log');
  await given.filesJob(textFile('water-rights.rst', prose(60_000)));

  await open(page, '/');
  await isConnected(page);
  const bar = jobOf(page, running).getByTestId('job-progress');
  await expect.poll(async () => Number(await bar.getAttribute('value')), { timeout: 20_000 }).toBeGreaterThan(35);
  await hasStatus(jobOf(page, running), 'running');
  await page.screenshot({ path: place });
});
