// How the pages look where it can be said in numbers: on a phone, in the dark, and while they load.

import { allPages } from './all-pages';
import { fitsTheWindow, hasStatus, isConnected, jobOf, open } from './pages';
import { expect, test } from './test';

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark' });

  test('the ground is dark and the words are light', async ({ page }) => {
    await open(page, '/');
    const [ground, words] = await page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      const brightness = (it: string) => Math.max(...(it.match(/\d+/g) ?? []).slice(0, 3).map(Number));
      return [brightness(backgroundColor), brightness(color)];
    });
    expect(ground).toBeLessThan(60);
    expect(words).toBeGreaterThan(200);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, expectedComplaints: /status of 404/ });

  test('no page is wider than the window', async ({ page, given }) => {
    await given.text('a-name-without-any-space-in-it'.repeat(10));
    const pages = await allPages(given);
    for (const [name, path] of Object.entries(pages)) {
      await test.step(name, async () => {
        await open(page, path);
        await fitsTheWindow(page);
      });
    }
  });

  test('each job is a card with labels', async ({ page, given }) => {
    const id = await given.text('about cards');
    await open(page, '/');
    const job = jobOf(page, id);
    await expect(job.getByText('Chunks', { exact: true })).toBeVisible();
    expect(await job.evaluate((it) => getComputedStyle(it).display)).toBe('grid');
    const height = (await job.boundingBox())?.height ?? 0;
    expect(height).toBeGreaterThan(80);
  });

  test('the first job can be ticked with a finger', async ({ page, given }) => {
    const id = await given.text('about ticks');
    await open(page, '/');
    await jobOf(page, id).getByRole('checkbox').tap();
    await expect(page.getByTestId('selection')).toContainText('1 selected');
    await fitsTheWindow(page);
  });

  test('a job is cancelled with a finger', async ({ page, given }) => {
    const id = await given.pendingJob('about fingers');
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').tap();
    await fitsTheWindow(page);
    await page.getByTestId('confirm-cancel').tap();
    await hasStatus(jobOf(page, id), 'cancelled');
  });
});

test('the first thing the Tab key reaches skips to the content', async ({ page }) => {
  await open(page, '/');
  await page.keyboard.press('Tab');
  await expect(page.getByText('Skip to content')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
});

test('nothing on the page moves while it loads and comes to life', async ({ page, given }) => {
  await given.pausedQueue();
  await given.textJobs(50, (number) => `text ${number}`);
  await page.addInitScript(() => {
    const shifts: string[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; sources: { node?: Node }[] })[]) {
        const moved = entry.sources.map(({ node }) => (node instanceof Element ? node.outerHTML : node?.nodeName)?.slice(0, 80));
        shifts.push(`${entry.value.toFixed(4)} ${moved.join(' and ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const path of ['/', '/?attention=true', '/app/documents']) {
    await open(page, path);
    if (path.startsWith('/?') || path === '/') await isConnected(page);
    // Two frames later everything that moved has been told.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts), path).toEqual([]);
  }
});
