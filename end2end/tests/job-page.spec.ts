// A job in full: what was done, what came of it, and what can be done about it.

import { readFile } from 'node:fs/promises';
import { newWord, prose, textFile } from './given';
import { hasLiveState, hasStatus, isConnected, isTold, jobOf, movePointerAway, open, sayYes, withoutReload } from './pages';
import { expect, test } from './test';

test.describe('the items of a batch', () => {
  test('are named, with how each ended', async ({ page, given }) => {
    const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', ' \n'), textFile('c.md', '# Cherries'));
    await given.reaches(id, 'completed');
    await open(page, `/app/jobs/${id}`);
    const items = page.getByTestId('job-item');
    await expect(items).toHaveCount(3);
    await expect(items.filter({ hasText: 'b.txt' })).toContainText('Failed: There is no text in it, only white space.');
    await expect(items.filter({ hasText: 'c.md' })).toContainText('1 chunk');
    await expect(page.getByText('2 of 3 items ingested, 1 failed', { exact: true })).toBeVisible();
  });

  test('can be only those that failed, and these can be tried again', async ({ page, given }) => {
    const word = newWord();
    const id = await given.halfFailedJob(word);
    await open(page, `/app/jobs/${id}`);
    await page.getByRole('link', { name: 'Failed 1' }).click();
    await expect(page).toHaveURL(/\?items=failed/);
    await expect(page.getByTestId('job-item')).toHaveCount(1);
    await expect(page.getByTestId('job-item')).toHaveAttribute('data-failed', 'true');
    await page.reload();
    await expect(page.getByTestId('job-item')).toContainText(`${word}-blank.txt`);
    await page.getByRole('button', { name: 'Retry failed items' }).click();
    await expect(page.locator('.fields div').filter({ hasText: 'Attempts' }).locator('dd')).toHaveText(/^2/);
    await hasStatus(jobOf(page, id), 'completed');
    await expect(page.getByTestId('job-attempt')).toHaveCount(2);
  });

  test('link to their documents', async ({ page, given }) => {
    const word = newWord();
    const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', `about ${word}`));
    await given.reaches(id, 'completed');
    await open(page, `/app/jobs/${id}`);
    await page.getByTestId('job-item').filter({ hasText: 'b.txt' }).getByRole('link').click();
    await expect(page.getByTestId('chunk')).toContainText(word);
    await page.goBack();
    await expect(page.getByTestId('job-item')).toHaveCount(2);
  });

  test('appear while the job is followed', async ({ page, given }) => {
    const running = await given.runningJob();
    const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', ' \n'));
    await open(page, `/app/jobs/${id}`);
    await isConnected(page);
    await expect(page.getByTestId('job-item')).toHaveCount(0);
    await given.cancel(running);
    await expect(page.getByTestId('job-item')).toHaveCount(2);
  });
});

test.describe('a job that goes on', () => {
  test('is followed to its end without a reload', async ({ page, given }) => {
    const running = await given.runningJob();
    const id = await given.textJob(`about ${newWord()}`);
    await open(page, `/app/jobs/${id}`);
    await isConnected(page);
    await withoutReload(page, async () => {
      await hasStatus(jobOf(page, id), 'pending');
      await given.cancel(running);
      await hasStatus(jobOf(page, id), 'completed');
      await expect(page.getByRole('link', { name: 'Open the document' })).toBeVisible();
      await expect(page.getByTestId('job-attempt')).toHaveAttribute('data-outcome', 'completed');
    });
  });

  test('shows its progress, which moves, and is cancelled', async ({ page, given }) => {
    const id = await given.runningJob();
    await open(page, `/app/jobs/${id}`);
    const percent = async () => Number(await page.getByTestId('job-progress').getAttribute('value'));
    const early = await percent();
    await expect.poll(percent, { timeout: 20_000 }).toBeGreaterThan(early);
    await page.getByTestId('cancel-job').click();
    await sayYes(page, 'Cancel this job?');
    await hasStatus(jobOf(page, id), 'cancelled');
    await isTold(page, 'Cancelling “large.txt”.');
  });

  test('stands still while live updates are off', async ({ page, given }) => {
    await given.pausedQueue();
    const id = await given.textJob('about standing still');
    await open(page, `/app/jobs/${id}`);
    await page.getByTestId('live-toggle').uncheck();
    await hasLiveState(page, 'paused');
    await given.changeQueue({ paused: false });
    await given.reaches(id, 'completed');
    await hasStatus(jobOf(page, id), 'pending');
    await page.getByTestId('live-toggle').check();
    await hasStatus(jobOf(page, id), 'completed');
  });

  test('is brought up to date when the pointer has left its button', async ({ page, given }) => {
    await given.pausedQueue();
    const id = await given.textJob('about pointers');
    await open(page, `/app/jobs/${id}`);
    await isConnected(page);
    await page.getByTestId('cancel-job').hover();
    const newest = page.waitForResponse(
      async (answer) => answer.url().includes('parts=only') && (await answer.text()).includes('data-status="completed"'),
    );
    await given.changeQueue({ paused: false });
    await newest;
    await hasStatus(jobOf(page, id), 'pending');
    await movePointerAway(page);
    await hasStatus(jobOf(page, id), 'completed');
  });

  test('is brought up to date also while the pointer rests where its button was', async ({ page, given }) => {
    const id = await given.failedJob();
    await open(page, `/app/jobs/${id}`);
    await given.pausedQueue();
    await page.getByTestId('retry-job').click();
    await hasStatus(jobOf(page, id), 'pending');
    await given.changeQueue({ paused: false });
    await hasStatus(jobOf(page, id), 'failed');
  });
});

test('a failed job says why, and has a line of time for each attempt', async ({ page, given }) => {
  const id = await given.failedJob();
  await open(page, `/app/jobs/${id}`);
  const attempts = page.locator('.fields div').filter({ hasText: 'Attempts' }).locator('dd');
  await expect(page.getByText('no_text')).toBeVisible();
  await expect(attempts).toHaveText('1');
  await expect(page.getByTestId('job-attempt')).toHaveCount(1);
  await page.getByTestId('retry-job').click();
  await expect(attempts).toHaveText(/^2/);
  await hasStatus(jobOf(page, id), 'failed');
  await expect(page.getByTestId('job-attempt')).toHaveCount(2);
  for (const attempt of await page.getByTestId('job-attempt').all()) {
    await expect(attempt).toHaveAttribute('data-outcome', 'failed');
    await expect(attempt.getByRole('img')).toHaveAccessibleName(/waited .* · read /);
    await expect(attempt).toContainText('There is no text in blank.txt');
  }
});

test('a retry that cannot help is not what is offered first, and a password is asked for where it helps', async ({ page, given }) => {
  const blank = await given.failedJob();
  await open(page, `/app/jobs/${blank}`);
  await expect(page.getByText('Retrying it as it is does not help')).toBeVisible();
  await expect(page.getByTestId('retry-job')).toHaveText('Retry all the same');
  const locked = await given.filesJob({ name: 'locked.pdf', mimeType: 'application/pdf', buffer: await readFile('../tests/fixtures/locked.pdf') });
  await given.reaches(locked, 'failed');
  await open(page, `/app/jobs/${locked}`);
  await expect(page.getByTestId('retry-job')).toHaveCount(0);
  await page.getByLabel('Password of the file').fill('secret');
  await page.getByTestId('retry-with-password').click();
  await hasStatus(jobOf(page, locked), 'completed');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test('the lines of the log have the whole width', async ({ page, given }) => {
    const id = await given.failedJob();
    await open(page, `/app/jobs/${id}`);
    const line = page.getByTestId('log-line').filter({ hasText: 'There is no text' });
    const [whole, words] = [await line.boundingBox(), await line.locator('bdi').boundingBox()];
    expect(words?.width).toBeGreaterThan(0.9 * (whole?.width ?? 0));
  });
});

test('the log says what happened, in order and by attempt', async ({ page, request, given }) => {
  const id = await given.failedJob();
  await request.post(`/jobs/${id}/retry`);
  await expect.poll(() => given.job(id)).toMatchObject({ status: 'failed', attempt: 2 });
  await open(page, `/app/jobs/${id}`);
  const lines = page.getByTestId('log-line');
  await expect(lines.first()).toContainText('attempt 1');
  await expect(lines.last()).toContainText('attempt 2');
  await expect(lines.filter({ hasText: 'There is no text in blank.txt' })).not.toHaveCount(0);
  const times = await lines.locator('time').evaluateAll((all) => all.map((it) => it.getAttribute('datetime') ?? ''));
  expect(times).toEqual([...times].sort());
  await expect(page.getByRole('list', { name: 'Log' })).toHaveCSS('overflow-y', /auto|scroll/);
});

test('the source is downloaded as it was sent', async ({ page, given }) => {
  const bytes = Buffer.from('\ufeffNicht nur ASCII: Größe.\r\nEnde', 'utf8');
  const id = await given.filesJob(textFile('größe.txt', bytes));
  await given.reaches(id, 'completed');
  await open(page, `/app/jobs/${id}`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
  expect(download.suggestedFilename()).toBe('größe.txt');
  expect((await readFile(await download.path())).equals(bytes)).toBe(true);
});

test('the text is shown with where each chunk begins, and what two of them share', async ({ page, given }) => {
  const id = await given.text(prose(6_000));
  await open(page, `/app/jobs/${id}`);
  const text = page.getByRole('region', { name: 'Text with its chunks' });
  const numbers = await text.locator('.chunk-number').allTextContents();
  expect(numbers.length).toBeGreaterThan(3);
  expect(numbers).toEqual(numbers.map((_, place) => String(place)));
  await expect(text.locator('.chunk-number').nth(1)).toHaveAttribute('title', 'Chunk 1 begins');
  await expect(text.locator('.shared').first()).toContainText(/\w/);
});

test.describe('copying', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  test('gives the id, and a call that shows the job', async ({ page, request, given }) => {
    const id = await given.text('about copies');
    await open(page, `/app/jobs/${id}`);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole('button', { name: 'Copy id' }).click();
    await isTold(page, 'Copied.');
    expect(await copied()).toBe(id);
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    await expect.poll(copied).toMatch(/^curl http/);
    const [, address] = (await copied()).split(' ');
    expect((await (await request.get(address)).json()).job_id).toBe(id);
  });
});

test.describe('a job that does not exist', () => {
  test.use({ expectedComplaints: /status of 404/ });

  test('is not found, and the page says so', async ({ page }) => {
    const answer = await page.goto('/app/jobs/00000000-0000-7000-8000-000000000000');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('alert')).toContainText('no job');
  });
});
