import { newWord, textFile } from './given';
import { fitsTheWindow, hasStatus, jobNamed, jobOf, numberOf, open, withoutReload } from './pages';
import { expect, test } from './test';

test('the first HTML holds the list and the numbers', async ({ given, request }) => {
  const id = await given.text(`about ${newWord()}`);
  const html = await (await request.get('/')).text();
  expect(html).toContain(`data-job-id="${id}"`);
  const numbers = html.matchAll(/data-testid="stat-(\w+)".*?data-testid="stat-value"[^>]*>([\d,]+)/g);
  expect([...numbers].map(([, name]) => name)).toEqual([
    'all', 'attention', 'pending', 'running', 'completed', 'failed', 'cancelled',
  ]);
});

test('a chosen file completes without a reload', async ({ page }) => {
  const name = `${newWord()}.md`;
  await open(page, '/');
  await withoutReload(page, async () => {
    await page.getByTestId('upload-input').setInputFiles(textFile(name, '# Locks\n\nThey lift ships.'));
    await hasStatus(jobNamed(page, name), 'completed');
    await expect(jobNamed(page, name)).toContainText('File ingested successfully');
  });
});

test('a pasted text becomes a job, and its field is empty again', async ({ page }) => {
  const word = newWord();
  await open(page, '/');
  await withoutReload(page, async () => {
    await page.getByTestId('paste-text').fill(`${word} was pasted.`);
    await page.getByTestId('paste-submit').click();
    await hasStatus(jobNamed(page, `${word} was pasted.`), 'completed');
    await expect(page.getByTestId('paste-text')).toHaveValue('');
  });
});

test('a running job shows its percent and its stage, and both move', async ({ page, given }) => {
  await open(page, '/');
  const job = jobOf(page, await given.runningJob());
  const bar = job.getByTestId('job-progress');
  const percent = async () => Number(await bar.getAttribute('value'));
  await expect.poll(percent).toBeGreaterThan(0);
  const early = await percent();
  await expect.poll(percent, { timeout: 20_000 }).toBeGreaterThan(early);
  await expect(job).toContainText(/[1-9]\d? % ?\S/);
  await expect(job).toContainText(/ MB read/);
});

test('a running job says since when it runs, and soon how long it may still take', async ({ page, given }) => {
  await open(page, '/');
  const job = jobOf(page, await given.runningJob());
  await expect(job).toContainText(/waited \d.*, running \d/);
  await expect(job.getByTestId('time-left')).toHaveText(/left$/, { timeout: 20_000 });
});

test('only a running job has a progress bar', async ({ page, given }) => {
  const id = await given.text('about bars');
  await open(page, '/');
  await expect(jobOf(page, id)).toBeVisible();
  await expect(jobOf(page, id).getByTestId('job-progress')).toHaveCount(0);
});

test('the numbers follow the jobs', async ({ page, given }) => {
  await open(page, '/');
  const names = ['all', 'attention', 'completed', 'failed', 'cancelled'];
  const numbers = () => Promise.all(names.map((name) => numberOf(page, name)));
  const before = await numbers();
  await given.text('about numbers');
  await given.failedJob();
  await given.halfFailedJob();
  await given.cancelledJob('about counting down');
  await expect.poll(numbers).toEqual(before.map((number, place) => number + [4, 2, 2, 1, 1][place]));
});

test('a name with markup in it is shown as text, in the list and on its own page', async ({ page, given }) => {
  const name = `</title><img src=x onerror=alert(1)> ${newWord()}`;
  const id = await given.text(name);
  await open(page, '/');
  await expect(jobNamed(page, name)).toBeVisible();
  await open(page, `/app/jobs/${id}`);
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await expect(page.locator('img')).toHaveCount(0);
});

test('a long name without spaces leaves the page as wide as the window', async ({ page, given }) => {
  await given.text(newWord().repeat(40));
  await open(page, '/');
  await fitsTheWindow(page);
});

test.describe('a page that does not exist', () => {
  test.use({ expectedComplaints: /status of 404/ });

  test('is not found, and leads to the jobs', async ({ page }) => {
    const answer = await page.goto('/app/nothing-here');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
    await page.getByRole('link', { name: 'Go to the jobs' }).click();
    await expect(page).toHaveURL(/\/$/);
  });
});
