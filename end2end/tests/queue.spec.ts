// The queue: paused, set to more slots, and why a job waits in it.

import { newWord } from './given';
import { hasStatus, isConnected, isLive, isTold, jobOf, open } from './pages';
import { expect, test } from './test';

test.describe('a paused queue', () => {
  test('begins nothing new, says so everywhere, and goes on by the undo of its toast', async ({ page, otherPage, given }) => {
    await Promise.all([open(page, '/'), open(otherPage, '/')]);
    await Promise.all([isConnected(page), isConnected(otherPage)]);
    await page.getByTestId('pause').click();
    await isTold(page, 'The queue is paused. What runs goes on.');
    for (const window of [page, otherPage]) {
      await expect(window.getByTestId('queue')).toHaveAttribute('data-paused', 'true');
      await expect(window.getByText('Paused: nothing new is begun.')).toBeVisible();
      await expect(window.getByTestId('pause')).toBeHidden();
      await expect(window.getByTestId('resume')).toBeVisible();
    }
    const id = await given.textJob('about pauses');
    await expect(jobOf(page, id)).toContainText('The queue is paused.');
    await hasStatus(jobOf(page, id), 'pending');
    await page.getByTestId('undo').click();
    await hasStatus(jobOf(page, id), 'completed');
    await expect(otherPage.getByTestId('queue')).toHaveAttribute('data-paused', 'false');
  });

  test('lets what runs go on, and stays paused over a reload', async ({ page, given }) => {
    const running = await given.runningJob();
    await open(page, '/');
    await page.getByTestId('pause').click();
    await expect(page.getByTestId('queue')).toHaveAttribute('data-paused', 'true');
    const waiting = await given.textJob('about patience');
    const early = (await given.job(running)).progress;
    await expect.poll(async () => (await given.job(running)).progress).toBeGreaterThan(early);
    await given.cancel(running);
    await hasStatus(jobOf(page, running), 'cancelled');
    await page.reload();
    await isLive(page);
    await expect(page.getByTestId('queue')).toHaveAttribute('data-paused', 'true');
    await hasStatus(jobOf(page, waiting), 'pending');
    await page.getByTestId('resume').click();
    await isTold(page, 'The queue goes on.');
    await hasStatus(jobOf(page, waiting), 'completed');
  });
});

test.describe('slots', () => {
  test('are shown as a gauge', async ({ page, given }) => {
    await open(page, '/');
    const gauge = page.getByRole('meter', { name: 'Slots in use' });
    await expect(page.getByTestId('slots')).toHaveText('0 of 1 slots in use');
    await given.runningJob();
    await expect(page.getByTestId('slots')).toHaveText('1 of 1 slots in use');
    await expect(gauge).toHaveAttribute('value', '1');
    await expect(gauge).toHaveAttribute('max', '1');
  });

  test('can become more while jobs run, and fewer again without stopping any', async ({ page, given }) => {
    const first = await given.runningJob();
    const second = await given.textJob('about room');
    await open(page, '/');
    await hasStatus(jobOf(page, second), 'pending');
    await page.getByLabel('Jobs at once').fill('2');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await isTold(page, '2 jobs at once.');
    await hasStatus(jobOf(page, second), 'completed');
    await hasStatus(jobOf(page, first), 'running');
    await expect(page.getByTestId('slots')).toHaveText('1 of 2 slots in use');
    await page.getByTestId('undo').click();
    await expect(page.getByTestId('slots')).toHaveText('1 of 1 slots in use');
    await hasStatus(jobOf(page, first), 'running');
    expect(await given.queue()).toMatchObject({ max_concurrent_jobs: 1 });
  });

  test('cannot be none', async ({ page, given }) => {
    await open(page, '/');
    await page.getByLabel('Jobs at once').fill('0');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await expect(page.locator('#slots-wanted:invalid')).toBeVisible();
    expect(await given.queue()).toMatchObject({ max_concurrent_jobs: 1 });
  });

  test('changed elsewhere are shown, also in the field', async ({ page, given }) => {
    await open(page, '/');
    await isConnected(page);
    await given.changeQueue({ max_concurrent_jobs: 3 });
    await expect(page.getByTestId('slots')).toHaveText('0 of 3 slots in use');
    await expect(page.getByLabel('Jobs at once')).toHaveValue('3');
  });
});

test.describe('a waiting job', () => {
  test('says how many are before it, and moves up', async ({ page, given }) => {
    const running = await given.longRunningJob();
    const [first, second, third] = await given.textJobs(3, (number) => `${newWord()} ${number}`);
    await open(page, '/');
    await expect(jobOf(page, first)).toContainText('The only slot is in use, and it is the next.');
    await expect(jobOf(page, second)).toContainText('and 1 job is before it.');
    await expect(jobOf(page, third)).toContainText('and 2 jobs are before it.');
    await given.cancel(first);
    await expect(jobOf(page, third)).toContainText('and 1 job is before it.');
    await given.cancel(running);
    await hasStatus(jobOf(page, third), 'completed');
    await expect(jobOf(page, third)).not.toContainText('before it');
  });

  test('says so on its own page', async ({ page, given }) => {
    await given.runningJob();
    const [, second] = await given.textJobs(2, (number) => `about lines ${number}`);
    await open(page, `/app/jobs/${second}`);
    await expect(page.getByText('The only slot is in use, and 1 job is before it.')).toBeVisible();
    await given.pausedQueue();
    await open(page, `/app/jobs/${second}`);
    await expect(page.getByText('The queue is paused.')).toBeVisible();
  });
});
