import { hasLiveState, hasStatus, isConnected, jobOf, open } from './pages';
import { expect, test } from './test';

test.describe('cancelling', () => {
  test('a pending job is cancelled at once, after a question', async ({ page, given }) => {
    const id = await given.pendingJob('about waiting');
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').click();
    await expect(page.getByRole('dialog')).toContainText('Cancel this job?');
    await page.getByTestId('confirm-cancel').click();
    await hasStatus(jobOf(page, id), 'cancelled');
    await expect(page.getByRole('dialog')).toBeHidden();
  });

  test('a running job is cancelled', async ({ page, given }) => {
    const id = await given.runningJob();
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').click();
    await page.getByTestId('confirm-cancel').click();
    await hasStatus(jobOf(page, id), 'cancelled');
    await expect(jobOf(page, id).getByTestId('job-progress')).toHaveCount(0);
  });

  test('a running job says that it is being cancelled until it has stopped', async ({ page, given }) => {
    const id = await given.runningJob();
    await open(page, '/');
    // Without updates the row shows what the server answered, however soon the job stops.
    await page.getByTestId('live-toggle').uncheck();
    await hasLiveState(page, 'paused');
    await jobOf(page, id).getByTestId('cancel-job').click();
    await page.getByTestId('confirm-cancel').click();
    await expect(jobOf(page, id)).toContainText('cancelling…');
    await expect(jobOf(page, id)).toHaveAttribute('data-status', 'running');
    await expect(jobOf(page, id).getByTestId('cancel-job')).toHaveCount(0);
    await page.getByTestId('live-toggle').check();
    await hasStatus(jobOf(page, id), 'cancelled');
  });

  test('a job that may go on does', async ({ page, given }) => {
    const id = await given.pendingJob('about going on');
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').click();
    await page.getByRole('button', { name: 'Keep job' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
    expect(await given.job(id)).toMatchObject({ status: 'pending', cancel_requested: false });
  });

  test('the question is answered with the keyboard alone', async ({ page, given }) => {
    const id = await given.pendingJob('about keys');
    await open(page, '/');
    const cancel = jobOf(page, id).getByTestId('cancel-job');
    await cancel.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Keep job' })).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(page.getByTestId('confirm-cancel')).toBeFocused();
    await page.keyboard.press('Enter');
    await hasStatus(jobOf(page, id), 'cancelled');
  });

  test('the question keeps the focus, and Escape closes it and gives the focus back', async ({ page, given }) => {
    const id = await given.pendingJob('about focus');
    await open(page, '/');
    const cancel = jobOf(page, id).getByTestId('cancel-job');
    await cancel.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    for (let step = 0; step < 6; step += 1) {
      await page.keyboard.press('Tab');
      // Past the dialog's last button comes the browser's own bar, and never the page behind.
      const outside = page.locator('body > :not(dialog) *:focus:not(dialog *)');
      await expect(outside).toHaveCount(0);
    }
    // The browser's bar may have the focus now, and would take the key for itself.
    await page.getByRole('button', { name: 'Keep job' }).focus();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(cancel).toBeFocused();
    expect(await given.job(id)).toMatchObject({ status: 'pending', cancel_requested: false });
  });
});

test.describe('retrying', () => {
  test('is not offered where it cannot help, and a part that failed is told and tried again', async ({ page, given }) => {
    const failed = await given.failedJob();
    const inPart = await given.halfFailedJob();
    await open(page, '/');
    await expect(jobOf(page, failed)).toContainText('There is no text in blank.txt, only white space.');
    await expect(jobOf(page, failed).getByTestId('retry-job')).toHaveCount(0);
    await expect(jobOf(page, inPart).locator('.mark-partial')).toHaveText('completed, 1 failed');
    await jobOf(page, inPart).getByTestId('retry-job').click();
    await expect.poll(() => given.job(inPart)).toMatchObject({ status: 'completed', attempt: 2 });
    await expect(jobOf(page, inPart).locator('.mark-partial')).toHaveText('completed, 1 failed');
  });

  test('a cancelled job is tried again and completes', async ({ page, given }) => {
    const id = await given.cancelledJob('about second chances');
    await open(page, '/');
    await jobOf(page, id).getByTestId('retry-job').click();
    await hasStatus(jobOf(page, id), 'completed');
    await expect(jobOf(page, id).getByTestId('retry-job')).toHaveCount(0);
  });
});

test.describe('live updates', () => {
  test('a job that comes from elsewhere appears by itself, on top', async ({ page, given }) => {
    await open(page, '/');
    await isConnected(page);
    const id = await given.text('about elsewhere');
    await hasStatus(jobOf(page, id), 'completed');
    await expect(page.getByTestId('job').first()).toHaveAttribute('data-job-id', id);
  });

  test('switched off nothing moves, and switched on again the list catches up', async ({ page, otherPage, given }) => {
    await Promise.all([open(page, '/'), open(otherPage, '/')]);
    await Promise.all([isConnected(page), isConnected(otherPage)]);
    await page.getByTestId('live-toggle').uncheck();
    await hasLiveState(page, 'paused');
    const id = await given.text('about pauses');
    await hasStatus(jobOf(otherPage, id), 'completed');
    await expect(jobOf(page, id)).toHaveCount(0);
    await page.getByTestId('live-toggle').check();
    await hasStatus(jobOf(page, id), 'completed');
    await isConnected(page);
  });

  test('two windows show the same without a reload', async ({ page, otherPage, given }) => {
    const id = await given.pendingJob('about two windows');
    await Promise.all([open(page, '/'), open(otherPage, '/')]);
    await Promise.all([isConnected(page), isConnected(otherPage)]);
    await jobOf(page, id).getByTestId('cancel-job').click();
    await page.getByTestId('confirm-cancel').click();
    await hasStatus(jobOf(otherPage, id), 'cancelled');
    await given.nothingRuns();
    await jobOf(otherPage, id).getByTestId('retry-job').click();
    await hasStatus(jobOf(page, id), 'completed');
    await hasStatus(jobOf(otherPage, id), 'completed');
  });

  test.describe('without the event stream', () => {
    test.use({ expectedComplaints: /ERR_FAILED.*\/jobs\/events/ });

    test('the page asks now and then, and goes live once the stream is back', async ({ page, given }) => {
      await page.route('**/jobs/events**', (route) => route.abort());
      await open(page, '/');
      await hasLiveState(page, 'reconnecting');
      const polled = await given.text('about polling');
      await expect(jobOf(page, polled)).toBeVisible();
      await page.unroute('**/jobs/events**');
      await isConnected(page);
      const streamed = await given.text('about streams');
      await expect(jobOf(page, streamed)).toBeVisible();
    });
  });
});
