// What of the jobs is shown, and in which order.

import type { Page } from '@playwright/test';
import { newWord, prose, textFile } from './given';
import { findJobs, hasStatus, jobOf, open, rowIds, withoutReload } from './pages';
import { expect, test } from './test';

const token = (page: Page, text: string) => page.getByTestId('token').filter({ hasText: text });

test.describe('a text', () => {
  test('is found in names, errors and ids, without a reload', async ({ page, given }) => {
    const word = newWord();
    const named = await given.text(`about ${word}`);
    const failed = await given.failedJob(`${word}-blank.txt`);
    await given.text('about something else');
    await open(page, '/');
    await withoutReload(page, async () => {
      await findJobs(page, word.toUpperCase());
      await expect(page.getByTestId('job')).toHaveCount(2);
      await findJobs(page, `no text in ${word}`);
      await expect(page.getByTestId('job')).toHaveCount(1);
      await hasStatus(jobOf(page, failed), 'failed');
      await findJobs(page, named);
      await expect(page.getByTestId('job')).toHaveCount(1);
      await expect(jobOf(page, named)).toBeVisible();
    });
  });

  test('keeps the focus and the cursor while it is typed, and Enter loads nothing anew', async ({ page, given }) => {
    const word = newWord();
    await given.text(`about ${word}`);
    await open(page, '/');
    await withoutReload(page, async () => {
      await page.getByTestId('job-filter').pressSequentially(word);
      await page.keyboard.press('Enter');
      await expect(page).toHaveURL(new RegExp(`q=${word}$`));
      await expect(page.getByTestId('job')).toHaveCount(1);
      await expect(page.getByTestId('job-filter')).toBeFocused();
      await expect(page.getByTestId('job-filter')).toHaveValue(word);
    });
  });

  test('keeps what does not match from coming in by itself', async ({ page, otherPage, given }) => {
    const word = newWord();
    await open(page, `/?q=${word}`);
    await open(otherPage, '/');
    const other = await given.text('about something else');
    await expect(jobOf(otherPage, other)).toBeVisible();
    const matching = await given.text(`about ${word}`);
    await expect(jobOf(page, matching)).toBeVisible();
    await expect(jobOf(page, other)).toHaveCount(0);
  });
});

test('the type and the time choose, too', async ({ page, given }) => {
  const word = newWord();
  const text = await given.text(`about ${word}`);
  const file = await given.filesJob(textFile(`${word}.txt`, 'about files'));
  const batch = await given.halfFailedJob();
  await given.reaches(file, 'completed');
  await open(page, `/?q=${word}`);
  for (const [label, id] of [['Text', text], ['File', file]]) {
    await page.getByLabel('Type', { exact: true }).selectOption({ label });
    await expect(token(page, `Type: ${label}`)).toBeVisible();
    await expect.poll(() => rowIds(page)).toEqual([id]);
  }
  await page.getByLabel('Type', { exact: true }).selectOption('');
  await page.getByLabel('Created', { exact: true }).selectOption({ label: 'Last hour' });
  await expect(page).toHaveURL(/since=1h/);
  await expect(page.getByTestId('job')).toHaveCount(2);
  await open(page, '/?job_type=batch_ingestion');
  await expect(jobOf(page, batch)).toBeVisible();
  await expect(jobOf(page, text)).toHaveCount(0);
  await open(page, `/?q=${word}&until=1h`);
  await expect(token(page, 'Created until 1h')).toBeVisible();
  await expect(page.getByText('No jobs match')).toBeVisible();
});

test('each choice has a token that takes only it back, and all go at once', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word}`);
  await open(page, `/?q=${word}&job_type=text_ingestion&since=24h&warnings=true`);
  const labels = [`“${word}”`, 'Type: Text', 'Last day', 'With warnings'];
  await expect(page.getByTestId('token')).toHaveCount(labels.length);
  await withoutReload(page, async () => {
    for (const [place, label] of labels.entries()) {
      await token(page, label).click();
      await expect(token(page, label)).toHaveCount(0);
      await expect(page.getByTestId('token')).toHaveCount(labels.length - 1 - place);
    }
    await expect(page).toHaveURL(/\/$/);
    await expect(page.getByTestId('job-filter')).toHaveValue('');
    await expect(page.getByLabel('Warnings')).not.toBeChecked();
    await page.goBack();
    await page.goBack();
    await page.getByRole('link', { name: 'Clear all' }).click();
    await expect(page.getByTestId('token')).toHaveCount(0);
  });
});

test('the order is by age, by length or by chunks', async ({ page, given }) => {
  const word = newWord();
  const texts = [prose(4_000), 'short', prose(9_000)];
  const ids: string[] = [];
  for (const text of texts) ids.push(await given.text(`${word} first\n\n${text}`));
  await open(page, `/?q=${word}`);
  expect(await rowIds(page)).toEqual([ids[2], ids[1], ids[0]]);
  await page.getByLabel('Order', { exact: true }).selectOption({ label: 'Most chunks first' });
  await expect.poll(() => rowIds(page)).toEqual([ids[2], ids[0], ids[1]]);
  await page.getByLabel('Order', { exact: true }).selectOption({ label: 'Longest first' });
  const longest = (await given.jobs(`q=${word}&sort=duration`)).jobs.map((it) => it.job_id);
  await expect.poll(() => rowIds(page)).toEqual(longest);
});

test('more jobs are shown in place, where one has scrolled to', async ({ page, given }) => {
  const word = newWord();
  await given.pausedQueue();
  const ids = await given.textJobs(60, (number) => `${word} ${number}`);
  await open(page, `/?q=${word}`);
  await expect(page.getByTestId('job')).toHaveCount(50);
  await expect(page.getByTestId('shown')).toHaveText('50 of 60 jobs');
  await withoutReload(page, async () => {
    await page.getByTestId('show-more').scrollIntoViewIfNeeded();
    const place = async () => Math.round((await jobOf(page, ids[12]).boundingBox())?.y ?? NaN);
    const before = await place();
    await page.getByTestId('show-more').click();
    await expect(jobOf(page, ids[0])).toBeAttached();
    expect(await place()).toBe(before);
    await expect(jobOf(page, ids[12])).toBeInViewport();
    await expect(page.getByTestId('shown')).toHaveText('60 jobs');
    await expect(page.getByTestId('show-more')).toHaveCount(0);
    expect(await rowIds(page)).toEqual([...ids].reverse());
  });
});
