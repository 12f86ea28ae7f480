// The picture in the README: SLUICE_SCREENSHOT=1 ./dev e2e screenshot puts it in its place. And one of each page, wide
// and on a phone, light and dark, in test-results/pages, to look at.

import { allPages } from './all-pages';
import { prose, textFile } from './given';
import { hasStatus, isConnected, jobOf, open } from './pages';
import { expect, test } from './test';

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

const place = process.env.SLUICE_SCREENSHOT ? '../docs/dashboard.png' : 'test-results/dashboard.png';
test.describe('the README', () => {
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
});

test.describe('pictures', () => {
  test.use({ expectedComplaints: /status of 404/ });

  test('of every page', async ({ page, given }) => {
    test.setTimeout(240_000);
    for (const [name, path] of Object.entries(await allPages(given))) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const [size, viewport] of Object.entries(SIZES)) {
          await page.setViewportSize(viewport);
          await open(page, path);
          const file = `${name.replaceAll(' ', '-')}-${colorScheme}-${size}.png`;
          await page.screenshot({ path: `test-results/pages/${file}`, fullPage: true });
        }
      }
    }
  });
});
