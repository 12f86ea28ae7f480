// Everything here works with JavaScript switched off.

import { newWord, textFile } from './given';
import { jobOf, numberOf } from './pages';
import { expect, test } from './test';

// The browser fetches the program it then does not run.
test.use({ expectedComplaints: [/preloaded using link preload but not used/] });

test('the list and the numbers are there to read', async ({ page, given }) => {
  const id = await given.text('about reading');
  await page.goto('/');
  await expect(jobOf(page, id)).toHaveAttribute('data-status', 'completed');
  expect(await numberOf(page, 'completed')).toBeGreaterThan(0);
});

test('nothing is offered that needs JavaScript', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByTestId('live-toggle')).toBeHidden();
  await expect(page.getByText('Drop them here')).toBeHidden();
});

test('the filters are links', async ({ page, given }) => {
  const completed = await given.text('about links');
  const failed = await given.failedJob();
  await page.goto('/');
  await page.getByTestId('filter-failed').click();
  await expect(page).toHaveURL(/\?status=failed$/);
  await expect(jobOf(page, failed)).toBeVisible();
  await expect(jobOf(page, completed)).toHaveCount(0);
});

test('older jobs are on a page of their own', async ({ page, given }) => {
  const first = await given.textJob('the oldest of many');
  for (let number = 0; number < 50; number += 1) await given.textJob(`text ${number}`);
  await page.goto('/');
  await expect(jobOf(page, first)).toHaveCount(0);
  await page.getByTestId('show-more').click();
  await expect(jobOf(page, first)).toBeVisible();
  await page.getByRole('link', { name: 'Back to the newest' }).click();
  await expect(page).toHaveURL(/\/$/);
});

test('an upload leads to the page of its job', async ({ page }) => {
  const name = `${newWord()}.txt`;
  await page.goto('/');
  await page.getByTestId('upload-input').setInputFiles(textFile(name, 'about forms'));
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page).toHaveURL(/\/app\/jobs\/[0-9a-f-]{36}$/);
  await expect(page.getByRole('heading', { name })).toBeVisible();
});

test('a pasted text is taken in', async ({ page }) => {
  const word = newWord();
  await page.goto('/');
  await page.getByTestId('paste-text').fill(`about ${word}`);
  await page.getByTestId('paste-submit').click();
  await expect(page.getByText(`about ${word}`).first()).toBeVisible();
});

test('a job is cancelled and tried again', async ({ page, given }) => {
  const id = await given.pendingJob('about plain forms');
  await page.goto('/');
  await jobOf(page, id).getByTestId('cancel-job').click();
  await expect(jobOf(page, id)).toHaveAttribute('data-status', 'cancelled');
  await given.nothingRuns();
  await jobOf(page, id).getByTestId('retry-job').click();
  await expect(jobOf(page, id)).toHaveAttribute('data-status', /pending|running|completed/);
  await given.reaches(id, 'completed');
});

test('a question is answered', async ({ page, given }) => {
  const word = newWord();
  await given.text(`The ${word} opens at noon.`);
  await page.goto('/');
  await page.getByTestId('search-input').fill(word);
  await page.getByTestId('search-input').press('Enter');
  await expect(page.getByTestId('answer')).toContainText(`The ${word} opens at noon.`);
  await page.getByTestId('source').getByRole('link').first().click();
  await expect(page.getByTestId('chunk')).toContainText(word);
});

test('a document is deleted', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word}`);
  await page.goto('/app/documents');
  const row = page.getByTestId('document').filter({ hasText: word });
  await row.getByTestId('delete-document').click();
  await expect(page).toHaveURL(/\/app\/documents\??$/);
  await expect(row).toHaveCount(0);
});
