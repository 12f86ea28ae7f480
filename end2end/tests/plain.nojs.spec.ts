// Everything here works with JavaScript switched off.

import { newWord, textFile } from './given';
import { jobOf, numberOf, tick } from './pages';
import { expect, test } from './test';

// The browser fetches the program it then does not run.
test.use({ expectedComplaints: /preloaded using link preload but not used/ });

test('the list and the numbers are there to read', async ({ page, given }) => {
  const id = await given.text('about reading');
  await page.goto('/');
  await expect(jobOf(page, id)).toHaveAttribute('data-status', 'completed');
  expect(await numberOf(page, 'completed')).toBeGreaterThan(0);
  await expect(jobOf(page, id).locator('time')).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  await jobOf(page, id).getByRole('link').click();
  await expect(page.getByTestId('job-attempt')).toHaveAttribute('data-outcome', 'completed');
  await expect(page.getByTestId('log-line').first()).toBeVisible();
});

test('nothing is offered that needs JavaScript', async ({ page }) => {
  await page.goto('/');
  for (const path of ['/', '/app/documents', '/app/search', '/app/preview']) {
    await page.goto(path);
    const needs = page.locator('.needs-js, [data-testid="live-toggle"], #tick-all, [data-testid="uploads"]');
    for (const each of await needs.all()) await expect(each, path).toBeHidden();
  }
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

test('the filter is a form', async ({ page, given }) => {
  const word = newWord();
  const text = await given.text(`about ${word}`);
  const file = await given.filesJob(textFile(`${word}.txt`, 'about files'));
  await given.reaches(file, 'completed');
  await page.goto('/?status=completed');
  await page.getByTestId('job-filter').fill(word);
  await page.getByLabel('Type', { exact: true }).selectOption({ label: 'File' });
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await expect(page).toHaveURL((url) => url.searchParams.get('status') === 'completed' && url.searchParams.get('q') === word);
  await expect(jobOf(page, file)).toBeVisible();
  await expect(jobOf(page, text)).toHaveCount(0);
  await page.getByTestId('token').filter({ hasText: 'Type: File' }).click();
  await expect(page.getByTestId('job')).toHaveCount(2);
});

test('older jobs are on a page of their own', async ({ page, given }) => {
  const first = await given.textJob('the oldest of many');
  for (let number = 0; number < 50; number += 1) await given.textJob(`text ${number}`);
  await page.goto('/');
  await expect(jobOf(page, first)).toHaveCount(0);
  await page.getByTestId('show-more').click();
  await expect(jobOf(page, first)).toBeVisible();
  await page.getByRole('link', { name: 'Back to the first' }).click();
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

test('a job is cancelled and tried again, in the list and on its own page', async ({ page, given }) => {
  await given.pausedQueue();
  const id = await given.textJob('about plain forms');
  for (const path of ['/', `/app/jobs/${id}`]) {
    await page.goto(path);
    await jobOf(page, id).getByTestId('cancel-job').click();
    await expect(jobOf(page, id)).toHaveAttribute('data-status', 'cancelled');
    await expect(page).toHaveURL((url) => url.pathname === path);
    await jobOf(page, id).getByTestId('retry-job').click();
    await expect(jobOf(page, id)).toHaveAttribute('data-status', 'pending');
    await expect(page).toHaveURL((url) => url.pathname === path);
  }
});

test('many jobs are cancelled, tried again and deleted at once, and the view stays', async ({ page, given }) => {
  const word = newWord();
  await given.pausedQueue();
  const ids = await given.textJobs(3, (number) => `${word} ${number}`);
  await page.goto(`/?q=${word}`);
  for (const [act, status] of [['cancel', 'cancelled'], ['retry', 'pending'], ['cancel', 'cancelled']]) {
    await tick(page, ids[0], ids[1]);
    await page.getByTestId(`selected-${act}`).click();
    await expect(page).toHaveURL(new RegExp(`q=${word}$`));
    await expect(jobOf(page, ids[0])).toHaveAttribute('data-status', status);
    await expect(jobOf(page, ids[1])).toHaveAttribute('data-status', status);
    await expect(jobOf(page, ids[2])).toHaveAttribute('data-status', 'pending');
  }
  await tick(page, ids[1], ids[2]);
  await page.getByTestId('selected-delete').click();
  await expect(jobOf(page, ids[1])).toHaveCount(0);
  await expect(jobOf(page, ids[0])).toBeVisible();
  await expect(jobOf(page, ids[2])).toBeVisible();
});

test('what failed for one reason is tried again by one button', async ({ page, given }) => {
  const id = await given.halfFailedJob();
  await page.goto('/?attention=true');
  await page.locator('[data-code="items_failed"]').getByTestId('cause-retry').click();
  await expect(page).toHaveURL(/\?attention=true$/);
  await expect.poll(() => given.job(id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('failed items are tried again, and chosen by a link', async ({ page, given }) => {
  const id = await given.halfFailedJob();
  await page.goto(`/app/jobs/${id}`);
  await page.getByRole('link', { name: 'Failed 1' }).click();
  await expect(page.getByTestId('job-item')).toHaveCount(1);
  await page.getByRole('button', { name: 'Retry failed items' }).click();
  await expect.poll(() => given.job(id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('the queue is paused, goes on, and gets slots', async ({ page, given }) => {
  await page.goto('/?status=failed');
  await page.getByTestId('pause').click();
  await expect(page).toHaveURL(/\?status=failed$/);
  await expect(page.getByText('Paused: nothing new is begun.')).toBeVisible();
  await page.getByTestId('resume').click();
  await expect(page.getByText('Paused: nothing new is begun.')).toBeHidden();
  await page.getByLabel('Jobs at once').fill('2');
  await page.getByRole('button', { name: 'Set', exact: true }).last().click();
  await expect(page.getByTestId('slots')).toHaveText('0 of 2 slots in use');
  expect(await given.queue()).toMatchObject({ paused: false, max_concurrent_jobs: 2 });
});

test('the colours are chosen and stay, and the page does, too', async ({ page }) => {
  await page.goto('/app/documents');
  await page.getByLabel('Colours').selectOption('dark');
  await page.locator('form.theme').getByRole('button', { name: 'Set' }).click();
  await expect(page).toHaveURL(/\/app\/documents$/);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
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

test('a page whose form was refused says why, once', async ({ page, context, given }) => {
  const word = newWord();
  await given.text(`about ${word}`);
  const second = await context.newPage();
  for (const each of [page, second]) await each.goto(`/app/documents?q=${word}`);
  await second.getByTestId('delete-document').click();
  await expect(second.getByTestId('document')).toHaveCount(0);
  await page.getByTestId('delete-document').click();
  await expect(page.getByRole('alert')).toContainText('There is no document');
  await expect(page).toHaveURL(new RegExp(`q=${word}$`));
  await page.goto('/');
  await expect(page.getByRole('alert')).toHaveCount(0);
});
