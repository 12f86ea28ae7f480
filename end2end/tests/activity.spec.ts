// What happened lately, as charts and as the same numbers in tables.

import { newWord } from './given';
import { jobOf, open } from './pages';
import { expect, test } from './test';

/** What the head of the charts says, such as `12 jobs completed, 3 failed, 40 chunks`. */
function totals(text: string | null): { completed: number; failed: number; chunks: number } {
  const found = /([\d,]+) jobs? completed, ([\d,]+) failed, ([\d,]+) chunks/.exec(text ?? '');
  const [completed, failed, chunks] = (found ?? []).slice(1).map((it) => Number(it.replaceAll(',', '')));
  return { completed, failed, chunks };
}

test('each chart has a name, and its numbers as a table', async ({ page, given }) => {
  await given.text('about charts');
  await given.failedJob();
  await open(page, '/');
  const activity = page.getByTestId('activity');
  for (const name of [
    /^Jobs ended per minute: at most \d+, 60 points$/,
    /^Chunks per minute: at most \d+, 60 points$/,
    /^Waiting: \d/,
    /^Reading: \d/,
    /^Indexing: \d/,
  ]) {
    await expect(activity.getByRole('img', { name })).toBeVisible();
  }
  await expect(activity.getByRole('table').first()).toBeHidden();
  await activity.getByText('As tables').click();
  const byTime = activity.getByRole('table', { name: /^By minute \(UTC\), latest first/ });
  await expect(byTime.getByRole('columnheader')).toHaveText(['From', 'Accepted', 'Completed', 'Failed', 'Cancelled', 'Chunks']);
  await expect(byTime.getByRole('row').nth(1).getByRole('rowheader')).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:00$/);
  const byStage = activity.getByRole('table', { name: /^How long stages took/ });
  await expect(byStage.getByRole('rowheader')).toHaveText(['Waiting', 'Reading', 'Indexing']);
});

test('the table has the numbers of GET /jobs/history', async ({ page, request, given }) => {
  await given.text('about agreement');
  await open(page, '/?activity=day');
  const { points } = await (await request.get('/jobs/history?range=day')).json();
  const busy = points.filter((it: Record<string, number>) => it.accepted + it.completed + it.failed + it.cancelled > 0).reverse();
  await page.getByText('As tables').click();
  const rows = page.getByRole('table', { name: /^By 15 minutes/ }).locator('tbody tr');
  const shown = await rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((it) => Number(it.textContent?.replaceAll(',', '')))),
  );
  expect(shown).toEqual(busy.map((it: Record<string, number>) => [it.accepted, it.completed, it.failed, it.cancelled, it.chunks]));
});

test('jobs that end are counted', async ({ page, given }) => {
  await open(page, '/');
  const shown = async () => totals(await page.getByTestId('activity').locator('.list-head').textContent());
  const before = await shown();
  await given.text('about counting');
  await given.failedJob();
  await page.reload();
  await expect.poll(shown).toEqual({ completed: before.completed + 1, failed: before.failed + 1, chunks: before.chunks + 1 });
});

test('a page that stays open brings its charts up to date, and leaves the table unfolded', async ({ page, given }) => {
  await page.clock.install();
  await open(page, '/');
  const shown = async () => totals(await page.getByTestId('activity').locator('.list-head').textContent());
  const before = await shown();
  await page.getByText('As tables').click();
  await page.getByRole('heading', { name: 'Activity' }).click();
  await given.text('about staying');
  await page.clock.fastForward(31_000);
  await expect.poll(shown).toMatchObject({ completed: before.completed + 1 });
  await expect(page.getByTestId('activity').getByRole('table').first()).toBeVisible();
});

test.describe('the range', () => {
  test('is an hour, a day or a week, and stands in the address', async ({ page }) => {
    await open(page, '/');
    for (const [label, address, points] of [['Day', /\?activity=day$/, '96 points'], ['Week', /\?activity=week$/, '84 points'], ['Hour', /\/$/, '60 points']] as const) {
      await page.getByRole('list', { name: 'Range' }).getByRole('link', { name: label }).click();
      await expect(page).toHaveURL(address);
      await expect(page.getByRole('img', { name: /^Jobs ended/ })).toHaveAccessibleName(new RegExp(points));
      await expect(page.getByRole('link', { name: label, exact: true })).toHaveAttribute('aria-current', 'true');
    }
  });

  test('and the choice of jobs leave each other alone', async ({ page, given }) => {
    const word = newWord();
    const id = await given.text(`about ${word}`);
    await open(page, '/?activity=day');
    await page.getByTestId('filter-completed').click();
    await expect(page).toHaveURL((url) => url.searchParams.get('activity') === 'day' && url.searchParams.get('status') === 'completed');
    await page.getByTestId('job-filter').fill(word);
    await expect(page).toHaveURL((url) => url.searchParams.get('activity') === 'day' && url.searchParams.get('q') === word);
    await expect(page.getByTestId('job')).toHaveCount(1);
    await page.reload();
    await page.getByRole('list', { name: 'Range' }).getByRole('link', { name: 'Week' }).click();
    await expect(page).toHaveURL((url) => url.searchParams.get('activity') === 'week' && url.searchParams.get('q') === word);
    await expect(jobOf(page, id)).toBeVisible();
  });

  test('chosen after the jobs keeps that choice', async ({ page, given }) => {
    await given.failedJob();
    await open(page, '/');
    await page.getByTestId('filter-failed').click();
    await expect(page).toHaveURL(/\?status=failed$/);
    await page.getByRole('list', { name: 'Range' }).getByRole('link', { name: 'Day' }).click();
    await expect(page).toHaveURL((url) => url.searchParams.get('activity') === 'day' && url.searchParams.get('status') === 'failed');
  });
});
