import { newWord, textFile } from './given';
import { hasStatus, isConnected, jobOf, open, withoutReload } from './pages';
import { expect, test } from './test';

test('a batch names its items, failed ones first', async ({ page, given }) => {
  const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', ' \n'), textFile('c.md', '# Cherries'));
  await given.reaches(id, 'completed');
  await open(page, `/app/jobs/${id}`);
  const items = page.getByTestId('job-item');
  await expect(items).toHaveCount(3);
  await expect(items.nth(0)).toContainText('b.txt');
  await expect(items.nth(0)).toContainText('Failed: There is no text in b.txt, only white space.');
  await expect(page.getByText('2 of 3 items ingested, 1 failed')).toBeVisible();
});

test('an item links to its document', async ({ page, given }) => {
  const word = newWord();
  const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', `about ${word}`));
  await given.reaches(id, 'completed');
  await open(page, `/app/jobs/${id}`);
  await page.getByTestId('job-item').filter({ hasText: 'b.txt' }).getByRole('link').click();
  await expect(page.getByTestId('chunk')).toContainText(word);
});

test('a job is followed to its end without a reload', async ({ page, given }) => {
  const running = await given.runningJob();
  const id = await given.textJob(`about ${newWord()}`);
  await open(page, `/app/jobs/${id}`);
  await isConnected(page);
  await withoutReload(page, async () => {
    await hasStatus(jobOf(page, id), 'pending');
    await given.cancel(running);
    await hasStatus(jobOf(page, id), 'completed');
    await expect(page.getByRole('link', { name: 'Open the document' })).toBeVisible();
  });
});

test('the items of a batch appear while it is followed', async ({ page, given }) => {
  const running = await given.runningJob();
  const id = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', ' \n'));
  await open(page, `/app/jobs/${id}`);
  await isConnected(page);
  await expect(page.getByTestId('job-item')).toHaveCount(0);
  await given.cancel(running);
  await expect(page.getByTestId('job-item')).toHaveCount(2);
});

test('a running job shows its progress and is cancelled on its own page', async ({ page, given }) => {
  const id = await given.runningJob();
  await open(page, `/app/jobs/${id}`);
  await expect(page.getByTestId('job-progress')).toBeVisible();
  await page.getByTestId('cancel-job').click();
  await page.getByTestId('confirm-cancel').click();
  await hasStatus(jobOf(page, id), 'cancelled');
});

test('a failed job says why, and counts its attempts', async ({ page, given }) => {
  const id = await given.failedJob();
  await open(page, `/app/jobs/${id}`);
  await expect(page.getByText('no_text')).toBeVisible();
  await expect(page.getByText(/^1 of \d+$/)).toBeVisible();
  await page.getByTestId('retry-job').click();
  await expect(page.getByText(/^2 of \d+$/)).toBeVisible();
  await hasStatus(jobOf(page, id), 'failed');
});

test.describe('a job that does not exist', () => {
  test.use({ expectedComplaints: [/status of 404/] });

  test('is not found, and the page says so', async ({ page }) => {
    const answer = await page.goto('/app/jobs/00000000-0000-7000-8000-000000000000');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('alert')).toContainText('no job');
  });
});
