// How the pages look where it can be said in numbers: on a phone, in the dark, and while they load.

import { allPages } from './all-pages';
import { textFile } from './given';
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
    const chunks = job.getByRole('cell', { name: /^Chunks/ });
    await expect(chunks).toBeVisible();
    expect(await chunks.evaluate((it) => getComputedStyle(it, '::before').position)).toBe('static');
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

test.describe('on a phone of the usual size', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the header is one row, and jobs are within the first screen', async ({ page, given }) => {
    await given.text('about first screens');
    await open(page, '/');
    const header = await page.getByRole('banner').boundingBox();
    expect(header?.height).toBeLessThan(60);
    expect((await page.getByTestId('job').first().boundingBox())?.y).toBeLessThan(480);
    await expect(page.getByLabel('Colours')).toBeHidden();
    await page.getByTestId('more').click();
    await page.getByLabel('Colours').selectOption('dark');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.locator('#more').getByRole('searchbox').fill('screens');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/\/app\/search\?q=screens/);
  });

  test('what is sent is a sheet that can be folded', async ({ page }) => {
    await open(page, '/');
    await page.getByTestId('upload-input').setInputFiles([textFile('sheet.txt', 'about sheets')]);
    await expect(page.getByTestId('upload-item')).toHaveAttribute('data-state', 'taken');
    const sheet = page.getByTestId('uploads');
    expect((await sheet.boundingBox())?.height).toBeLessThan(140);
    await page.getByRole('button', { name: '1 of 1 sent' }).click();
    expect((await sheet.boundingBox())?.height).toBeLessThan(60);
    await fitsTheWindow(page);
  });
});

test('what is sent takes room of its own, and what it covers can be scrolled above it', async ({ page, given }) => {
  await given.textJobs(30, (number) => `row ${number}`);
  await given.nothingRuns();
  await open(page, '/');
  const files = Array.from({ length: 9 }, (_, number) => textFile(`${number}.txt`, `about ${number}`));
  await page.getByTestId('upload-input').setInputFiles(files);
  await expect(page.locator('[data-testid="upload-item"][data-state="taken"]')).toHaveCount(9);
  await isConnected(page);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  const sheet = await page.getByTestId('uploads').boundingBox();
  const last = await page.getByTestId('shown').boundingBox();
  expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThan(sheet?.y ?? 0);
  expect(sheet?.height, 'small when done').toBeLessThan(130);
});

test('a toast is beside what is at the sides, and lets clicks through around it', async ({ page, given }) => {
  const id = await given.cancelledJob('about toasts');
  await open(page, '/');
  await jobOf(page, id).getByTestId('retry-job').click();
  const toast = await page.getByTestId('toast').boundingBox();
  const [queue, actions] = [page.getByTestId('queue'), jobOf(page, id).locator('.cell-actions')];
  const [left, right] = [await queue.boundingBox(), await actions.boundingBox()];
  expect(toast?.x).toBeGreaterThan((left?.x ?? 0) + (left?.width ?? 0));
  expect((toast?.x ?? 0) + (toast?.width ?? 0)).toBeLessThan(right?.x ?? 0);
  await expect(page.getByTestId('toasts')).toHaveCSS('pointer-events', 'none');
  await expect(page.getByTestId('toast')).toHaveCSS('pointer-events', 'auto');
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
