// The states of jobs, each a view with an address of its own.

import { newWord, type Given, type Status } from './given';
import { findJobs, hasNumber, isConnected, isLive, jobOf, open, rowIds, withoutReload } from './pages';
import { expect, test } from './test';

const STATES: Status[] = ['pending', 'running', 'completed', 'failed', 'cancelled'];

/** A job in each state, while one of them runs. */
async function oneOfEach(given: Given): Promise<Record<Status, string>> {
  const completed = await given.text('about completion');
  const failed = await given.failedJob();
  const cancelled = await given.cancelledJob('about what was not meant so');
  const running = await given.runningJob();
  const pending = await given.textJob('about waiting');
  return { pending, running, completed, failed, cancelled };
}

test.describe('a state', () => {
  test('is a view of its own: its jobs, their count, and an address', async ({ page, given }) => {
    const jobs = await oneOfEach(given);
    await open(page, '/');
    await withoutReload(page, async () => {
      for (const state of STATES) {
        await page.getByTestId(`filter-${state}`).click();
        await expect(page).toHaveURL(new RegExp(`/\\?status=${state}$`));
        await expect(page.getByTestId(`filter-${state}`)).toHaveAttribute('aria-current', 'true');
        await expect(jobOf(page, jobs[state])).toBeVisible();
        await expect(page.locator(`[data-testid="job"]:not([data-status="${state}"])`)).toHaveCount(0);
        await hasNumber(page, state, (await given.jobs(`status=${state}&limit=1`)).total_count);
      }
      await page.getByTestId('filter-all').click();
      await expect(page).toHaveURL(/\/$/);
      await expect(jobOf(page, jobs.failed)).toBeVisible();
      await expect(jobOf(page, jobs.completed)).toBeVisible();
    });
  });

  test('keeps what else was chosen', async ({ page, given }) => {
    const word = newWord();
    await given.text(`about ${word}`);
    await open(page, `/?q=${word}&sort=chunks`);
    await page.getByTestId('filter-completed').click();
    await expect(page).toHaveURL((url) => ['status', 'q', 'sort'].every((name) => url.searchParams.has(name)));
    await expect(page.getByTestId('job')).toHaveCount(1);
  });

  test('keeps also what was chosen a moment before, while the server takes its time', async ({ page, given }) => {
    const word = newWord();
    await given.text(`about ${word}`);
    await open(page, '/');
    // The page, asked for once more by itself, comes late.
    await page.route('**/*', async (route) => {
      if (route.request().resourceType() !== 'xhr') return route.fallback();
      const answer = await route.fetch();
      await page.waitForURL(/status=completed/);
      await route.fulfill({ response: answer });
    });
    await findJobs(page, word);
    await page.getByTestId('filter-completed').click();
    await expect(page).toHaveURL((url) => url.searchParams.get('q') === word && url.searchParams.has('status'));
    await expect(page.getByTestId('job')).toHaveCount(1);
  });

  test('lets a job go that has left it, and takes in one that has come', async ({ page, otherPage, given }) => {
    await given.pausedQueue();
    const id = await given.textJob('about moving on');
    await open(page, '/?status=pending');
    await open(otherPage, '/?status=cancelled');
    await expect(jobOf(page, id)).toBeVisible();
    await given.cancel(id);
    await expect(jobOf(page, id)).toHaveCount(0);
    await expect(jobOf(otherPage, id)).toBeVisible();
  });
});

test.describe('the address', () => {
  test('opened elsewhere shows the same', async ({ page, otherPage, given }) => {
    const word = newWord();
    await given.textJobs(3, (number) => `about ${word} ${number}`);
    await given.failedJob(`${word}.txt`);
    await open(page, '/');
    await findJobs(page, word);
    await page.getByLabel('Type', { exact: true }).selectOption({ label: 'Text' });
    await page.getByLabel('Created', { exact: true }).selectOption({ label: 'Last hour' });
    await page.getByLabel('Order', { exact: true }).selectOption({ label: 'Most chunks first' });
    await expect(page.getByTestId('token')).toHaveCount(3);
    await page.getByTestId('filter-completed').click();
    await expect(page).toHaveURL(/status=completed/);
    await expect(page.getByTestId('job')).toHaveCount(3);
    await open(otherPage, page.url());
    expect(await rowIds(otherPage)).toEqual(await rowIds(page));
    await expect(otherPage.getByTestId('job-filter')).toHaveValue(word);
    await expect(otherPage.getByLabel('Order', { exact: true })).toHaveValue('chunks');
    await expect(otherPage.getByTestId('token')).toHaveCount(3);
  });

  test('is kept by the back button and by a reload', async ({ page, given }) => {
    const completed = await given.text('about addresses');
    await open(page, '/');
    await withoutReload(page, async () => {
      await page.getByTestId('filter-failed').click();
      await expect(jobOf(page, completed)).toHaveCount(0);
      await page.goBack();
      await expect(page).toHaveURL(/\/$/);
      await expect(jobOf(page, completed)).toBeVisible();
      await expect(page.getByTestId('filter-all')).toHaveAttribute('aria-current', 'true');
      await page.goForward();
      await expect(page).toHaveURL(/\?status=failed$/);
      await expect(jobOf(page, completed)).toHaveCount(0);
    });
    await page.reload();
    await isLive(page);
    await expect(page.getByTestId('filter-failed')).toHaveAttribute('aria-current', 'true');
    await expect(jobOf(page, completed)).toHaveCount(0);
  });

  test('and the fields say the same after the back button, also while one has the focus', async ({ page, given }) => {
    const word = newWord();
    const other = await given.text('about fields');
    await given.text(`about ${word}`);
    await open(page, '/');
    await findJobs(page, word);
    await expect(page.getByTestId('job')).toHaveCount(1);
    await page.goBack();
    await expect(jobOf(page, other)).toBeVisible();
    await expect(page.getByTestId('token')).toHaveCount(0);
    await expect(page.getByTestId('job-filter')).toHaveValue('');
  });

  test('brings back a view after another page was looked at', async ({ page, given }) => {
    const word = newWord();
    const id = await given.text(`about ${word}`);
    await open(page, '/');
    await findJobs(page, word);
    await jobOf(page, id).getByRole('link').click();
    await isLive(page);
    await page.goBack();
    await expect(page.getByTestId('job-filter')).toHaveValue(word);
    await expect(page.getByTestId('job')).toHaveCount(1);
  });
});

test('a list in another order asks the server once at a time, however fast jobs come', async ({ page, given }) => {
  const word = newWord();
  await open(page, `/?q=${word}&sort=chunks`);
  await isConnected(page);
  let [underWay, most] = [0, 0];
  await page.route('**/_fn/list_jobs', async (route) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await route.fulfill({ response: await route.fetch() });
    underWay -= 1;
  });
  const ids = await given.textJobs(30, (number) => `${word} ${number}`);
  for (const id of ids) await expect(jobOf(page, id)).toBeVisible();
  expect(most).toBe(1);
});

test.describe('nothing to show', () => {
  for (const [address, title, words] of [
    ['/?status=pending', 'No pending jobs', 'Every job that was accepted has begun.'],
    ['/?status=running', 'No running jobs', 'Jobs being read or indexed appear here.'],
    ['/?q=zzyzx', 'No jobs match', 'Take a choice back, or see all jobs.'],
    ['/?attention=true&q=zzyzx', 'No jobs match', 'Take a choice back, or see all jobs.'],
  ]) {
    test(`says why, and what to do: ${address}`, async ({ page }) => {
      await open(page, address);
      await expect(page.locator('.empty')).toContainText(title);
      await expect(page.locator('.empty')).toContainText(words);
      await expect(page.getByRole('table', { name: 'Jobs' })).toBeHidden();
    });
  }

  test('leads to all jobs', async ({ page, given }) => {
    const id = await given.text('about ways out');
    await open(page, '/?q=zzyzx');
    await page.getByRole('link', { name: 'see all jobs' }).click();
    await expect(jobOf(page, id)).toBeVisible();
    await expect(page).toHaveURL(/\/$/);
  });
});
