// What all pages have: colours that stay, times in words, toasts, and a connection that is watched.

import type { Page } from '@playwright/test';
import { newWord } from './given';
import { hasLiveState, hasStatus, isConnected, isLive, isTold, jobOf, movePointerAway, open } from './pages';
import { expect, test } from './test';

const EXACT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z · .*\d/;

test.describe('the colours', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`are the system's until one chooses: ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await open(page, '/');
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'system');
      expect(await groundIsDark(page)).toBe(colorScheme === 'dark');
    });
  }

  test('chosen change at once, and are there from the first HTML on, on every page', async ({ page, request }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open(page, '/');
    await page.getByLabel('Colours').selectOption('dark');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    expect(await groundIsDark(page)).toBe(true);
    await open(page, '/app/documents');
    expect(await groundIsDark(page)).toBe(true);
    await expect(page.getByLabel('Colours')).toHaveValue('dark');
    const html = await (await request.get('/', { headers: { cookie: 'theme=dark' } })).text();
    expect(html).toContain('<html lang="en" data-theme="dark">');
    await page.getByLabel('Colours').selectOption('system');
    expect(await groundIsDark(page)).toBe(false);
    await page.reload();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'system');
  });
});

async function groundIsDark(page: Page): Promise<boolean> {
  const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  return Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number)) < 100;
}

test('times are told in words, with the exact moment in UTC and here', async ({ page, given }) => {
  const id = await given.text('about time');
  for (const path of ['/', `/app/jobs/${id}`, '/app/documents']) {
    await open(page, path);
    const time = page.locator('main').getByText(/^(just now|\d+ s ago)$/).first();
    await expect(time, path).toBeVisible();
    await time.hover();
    await expect(time, path).toHaveAttribute('title', EXACT);
    await expect(time, path).toHaveAttribute('datetime', /Z$/);
  }
});

test.describe('in another time zone', () => {
  test.use({ timezoneId: 'Asia/Kolkata', locale: 'en-GB' });

  test('the moment is told in that zone, too', async ({ page, given }) => {
    const id = await given.text('about zones');
    await open(page, '/');
    const time = jobOf(page, id).locator('time');
    await time.hover();
    const [utc, local] = ((await time.getAttribute('title')) ?? '').split(' · ');
    const expected = new Date(utc).toLocaleTimeString('en-GB', { timeZone: 'Asia/Kolkata' });
    expect(local).toContain(expected);
  });
});

test.describe('a toast', () => {
  test('offers to take back what was done', async ({ page, given }) => {
    await given.pausedQueue();
    const id = await given.textJob('about second thoughts');
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').click();
    await page.getByTestId('confirm-cancel').click();
    await isTold(page, 'Cancelled “about second thoughts”.');
    await page.getByTestId('undo').click();
    await hasStatus(jobOf(page, id), 'pending');
    await isTold(page, 'Queued again');
  });

  test('stays while the pointer is on it, leaves by itself, or at once by its button', async ({ page }) => {
    await page.clock.install();
    await open(page, '/');
    await page.getByTestId('pause').click();
    await isTold(page, 'The queue is paused.');
    await page.getByTestId('toast').hover();
    await page.clock.runFor(20_000);
    await isTold(page, 'The queue is paused.');
    await movePointerAway(page);
    await page.clock.runFor(9_000);
    await expect(page.getByTestId('toast')).toHaveCount(0);
    await page.getByTestId('resume').click();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await expect(page.getByTestId('toast')).toHaveCount(0);
  });

  test('is read out, and no more than four cover the page', async ({ page }) => {
    await open(page, '/');
    for (let step = 0; step < 3; step += 1) {
      await page.getByTestId('pause').click();
      await page.getByTestId('resume').click();
    }
    await expect(page.getByTestId('toast')).toHaveCount(4);
    await expect(page.getByTestId('toasts')).toHaveAttribute('aria-live', 'polite');
  });
});

test.describe('a lost connection', () => {
  test.use({ expectedComplaints: /ERR_(INTERNET_DISCONNECTED|NETWORK|FAILED)/ });

  test('is shown, and heals with all that happened meanwhile', async ({ page, context, given }) => {
    await open(page, '/');
    await isConnected(page);
    await page.route('**/jobs/events**', (route) => route.abort());
    // A new stream, which does not come about.
    await page.getByTestId('live-toggle').uncheck();
    await context.setOffline(true);
    await page.getByTestId('live-toggle').check();
    await hasLiveState(page, 'reconnecting');
    const id = await given.text('about absence');
    await page.unroute('**/jobs/events**');
    await context.setOffline(false);
    await isConnected(page);
    await hasStatus(jobOf(page, id), 'completed');
  });
});

test('a tab that nobody sees follows nothing, and catches up when it is seen', async ({ page, otherPage, given }) => {
  await Promise.all([open(page, '/'), open(otherPage, '/')]);
  await Promise.all([isConnected(page), isConnected(otherPage)]);
  await beHidden(page, true);
  const id = await given.text(`about ${newWord()}`);
  await hasStatus(jobOf(otherPage, id), 'completed');
  await expect(jobOf(page, id)).toHaveCount(0);
  await beHidden(page, false);
  await hasStatus(jobOf(page, id), 'completed');
  await isConnected(page);
});

/** Playwright's pages are never hidden: this says so to the page. */
async function beHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
}

test.describe('while the pointer is on a button of the list', () => {
  test('nothing comes or goes, and all of it does afterwards', async ({ page, otherPage, given }) => {
    const id = await given.cancelledJob('about buttons');
    await Promise.all([open(page, '/'), open(otherPage, '/')]);
    await Promise.all([isConnected(page), isConnected(otherPage)]);
    const button = jobOf(page, id).getByTestId('retry-job');
    await button.hover();
    const place = await button.boundingBox();
    const arrived = await given.text('about arrivals');
    await hasStatus(jobOf(otherPage, arrived), 'completed');
    await expect(jobOf(page, arrived)).toHaveCount(0);
    expect(await button.boundingBox()).toEqual(place);
    await movePointerAway(page);
    await hasStatus(jobOf(page, arrived), 'completed');
  });

  test('a job that was tried again still shows how it goes on', async ({ page, given }) => {
    const id = await given.cancelledJob('about resting');
    await open(page, '/');
    await jobOf(page, id).getByTestId('retry-job').click();
    await hasStatus(jobOf(page, id), 'completed');
  });
});

test('the page is live again after it was left and come back to', async ({ page, given }) => {
  await open(page, '/');
  await page.getByRole('link', { name: 'Documents' }).first().click();
  await isLive(page);
  await page.goBack();
  await isConnected(page);
  const id = await given.text('about returns');
  await hasStatus(jobOf(page, id), 'completed');
});
