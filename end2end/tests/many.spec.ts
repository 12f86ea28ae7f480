// What is done to many jobs at once: those ticked, those that match, or those that failed for one reason.

import { newWord, type Given } from './given';
import { hasNumber, hasStatus, isTold, jobOf, movePointerAway, numberOf, open, rowIds, sayYes, tick, withoutReload } from './pages';
import { expect, test } from './test';

/** Three jobs that wait and one that has ended, all with this word. */
async function threeWaitAndOneEnded(given: Given, word: string): Promise<{ waiting: string[]; ended: string }> {
  const ended = await given.text(`${word} ended`);
  await given.pausedQueue();
  return { waiting: await given.textJobs(3, (number) => `${word} waits ${number}`), ended };
}

test.describe('ticked jobs', () => {
  test('are counted, and the bar is there only while there are some', async ({ page, given }) => {
    const [first, second] = [await given.text('about ticks'), await given.text('more about ticks')];
    await open(page, '/');
    const bar = page.getByTestId('selection');
    await expect(bar.getByTestId('selected-cancel')).toBeHidden();
    await tick(page, first);
    await expect(bar).toContainText('1 selected');
    await tick(page, second);
    await expect(bar).toContainText('2 selected');
    await page.getByLabel('Select all jobs on show').check();
    await expect(bar).toContainText(`${await page.getByTestId('job').count()} selected`);
    await bar.getByRole('button', { name: 'Clear' }).click();
    await expect(bar.getByTestId('selected-cancel')).toBeHidden();
    await expect(page.locator('.jobs input:checked')).toHaveCount(0);
  });

  test('count, too, if they were ticked before the page was live', async ({ page, given }) => {
    const id = await given.text('about early ticks');
    let letGo = () => {};
    const held = new Promise<void>((done) => (letGo = done));
    await page.route(/\.wasm$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto('/', { waitUntil: 'commit' });
    await jobOf(page, id).getByRole('checkbox').check();
    letGo();
    await expect(page.getByTestId('selection')).toContainText('1 selected');
  });

  test('are cancelled after a question, and those that could not be are counted with why', async ({ page, given }) => {
    const word = newWord();
    const { waiting, ended } = await threeWaitAndOneEnded(given, word);
    await open(page, `/?q=${word}`);
    await withoutReload(page, async () => {
      await tick(page, ...waiting, ended);
      await page.getByTestId('selected-cancel').click();
      await sayYes(page, 'Cancel 4 jobs?');
      await isTold(page, /Cancelled 3 jobs\. 1 could not be: They have ended already/);
      for (const id of waiting) await hasStatus(jobOf(page, id), 'cancelled');
      await hasStatus(jobOf(page, ended), 'completed');
      await expect(page.getByTestId('selected-cancel')).toBeHidden();
    });
  });

  test('stay as they are when the answer is no', async ({ page, given }) => {
    const word = newWord();
    const { waiting } = await threeWaitAndOneEnded(given, word);
    await open(page, `/?q=${word}`);
    await tick(page, ...waiting);
    await page.getByTestId('selected-cancel').click();
    await page.getByRole('button', { name: 'Keep as they are' }).click();
    await expect(page.getByRole('dialog')).toBeHidden();
    await expect(page.getByTestId('selection')).toContainText('3 selected');
    for (const id of waiting) expect(await given.job(id)).toMatchObject({ status: 'pending' });
  });

  test('are tried again', async ({ page, given }) => {
    const word = newWord();
    const cancelled = [await given.cancelledJob(`${word} a`), await given.cancelledJob(`${word} b`)];
    const completed = await given.text(`${word} c`);
    await open(page, `/?q=${word}`);
    await tick(page, ...cancelled, completed);
    await page.getByTestId('selected-retry').click();
    await sayYes(page, 'Retry 3 jobs?');
    await isTold(page, /Queued again: 2 jobs\. 1 could not be: Only failed and cancelled jobs can be retried/);
    for (const id of cancelled) await hasStatus(jobOf(page, id), 'completed');
  });

  test('leave the list when they are deleted, unless they have not ended', async ({ page, given }) => {
    const word = newWord();
    const { waiting, ended } = await threeWaitAndOneEnded(given, word);
    await open(page, `/?q=${word}`);
    await tick(page, waiting[0], ended);
    await page.getByTestId('selected-delete').click();
    await sayYes(page, /2 jobs/);
    await isTold(page, /1 job\. 1 could not be: They are pending or running/);
    await expect(jobOf(page, ended)).toHaveCount(0);
    await hasStatus(jobOf(page, waiting[0]), 'pending');
  });

  test('that leave the list by themselves are not counted any more', async ({ page, given }) => {
    await given.pausedQueue();
    const [first, second] = await given.textJobs(2, (number) => `leaving ${number}`);
    await open(page, '/?status=pending');
    await tick(page, first, second);
    await movePointerAway(page);
    await given.cancel(first);
    await expect(page.getByTestId('selection')).toContainText('1 selected');
    await page.getByTestId('selected-cancel').click();
    await sayYes(page, 'Cancel 1 job?');
    await expect(jobOf(page, second)).toHaveCount(0);
  });
});

test.describe('all that match', () => {
  test('are more than those on show, and are done at once', async ({ page, given }) => {
    const word = newWord();
    await given.pausedQueue();
    const ids = await given.textJobs(55, (number) => `${word} ${number}`);
    await open(page, `/?q=${word}`);
    await expect(page.getByTestId('job')).toHaveCount(50);
    await tick(page, ids[54]);
    await page.getByTestId('select-all').click();
    await expect(page.getByTestId('selection')).toContainText('All 55 that match are selected');
    await page.getByTestId('selected-cancel').click();
    await sayYes(page, 'Cancel 55 jobs?');
    await isTold(page, 'Cancelled 55 jobs.');
    expect((await given.jobs(`q=${word}&status=cancelled&limit=1`)).total_count).toBe(55);
    await hasStatus(page.getByTestId('job').last(), 'cancelled');
  });

  test('are not offered where nothing was chosen: all jobs there are is not what anybody means', async ({ page, given }) => {
    await open(page, '/');
    await tick(page, await given.text('about choices'));
    await expect(page.getByTestId('selection')).toContainText('1 selected');
    await expect(page.getByTestId('select-all')).toHaveCount(0);
  });

  test('are no longer meant once a tick changes', async ({ page, given }) => {
    const word = newWord();
    const [first, second, third] = [await given.text(`${word} a`), await given.text(`${word} b`), await given.text(`${word} c`)];
    await open(page, `/?q=${word}`);
    await tick(page, first);
    await page.getByTestId('select-all').click();
    await tick(page, second);
    await page.getByTestId('selected-delete').click();
    await sayYes(page, /2 jobs/);
    await expect.poll(() => rowIds(page)).toEqual([third]);
  });
});

test.describe('what needs attention', () => {
  const cause = '[data-testid="cause"][data-code="no_text"]';

  test('is what failed, in all or in part, grouped by why', async ({ page, given }) => {
    const failed = await given.failedJob();
    const inPart = await given.halfFailedJob();
    const fine = await given.text('about wellness');
    await open(page, '/');
    await page.getByTestId('filter-attention').click();
    await expect(page).toHaveURL(/\?attention=true$/);
    await expect(jobOf(page, failed)).toBeVisible();
    await expect(jobOf(page, inPart)).toBeVisible();
    await expect(jobOf(page, fine)).toHaveCount(0);
    const failures = (await given.jobs('attention=true&error_code=no_text&limit=1')).total_count;
    await expect(page.locator(cause)).toContainText(`${failures} job`);
    await expect(page.locator(cause)).toContainText('No text in it');
    await expect(page.getByTestId('cause').filter({ hasText: 'Some items failed' })).toBeVisible();
    await page.locator(cause).getByRole('link').click();
    await expect(page).toHaveURL(/error_code=no_text/);
    await expect(jobOf(page, inPart)).toHaveCount(0);
    await expect(page.getByTestId('token')).toContainText('Cause: no_text');
  });

  test('is tried again by one button for each reason', async ({ page, given }) => {
    const id = await given.halfFailedJob();
    await given.failedJob();
    await open(page, '/?attention=true');
    const { total_count: count } = await given.jobs('attention=true&error_code=items_failed&limit=1');
    const inPart = page.locator('[data-testid="cause"][data-code="items_failed"]');
    await expect(inPart.getByRole('button')).toHaveText([/^Retry \d/, /^Delete \d/]);
    await expect(page.locator(cause).getByRole('button')).toHaveText([/^Delete \d/]);
    await expect(page.locator(cause)).toContainText('Retrying does not help');
    await inPart.getByTestId('cause-retry').click();
    await sayYes(page, `Retry ${count} job${count === 1 ? '' : 's'}?`);
    await isTold(page, `Queued again: ${count} job`);
    await expect.poll(() => given.job(id)).toMatchObject({ status: 'completed', attempt: 2 });
  });

  test('is deleted by one button for each reason, and the rest stays', async ({ page, given }) => {
    const failed = await given.failedJob();
    const inPart = await given.halfFailedJob();
    await open(page, '/?attention=true');
    const attention = await numberOf(page, 'attention');
    const { total_count: count } = await given.jobs('attention=true&error_code=no_text&limit=1');
    await page.locator(cause).getByTestId('cause-delete').click();
    await sayYes(page, new RegExp(`${count} job`));
    await expect(jobOf(page, failed)).toHaveCount(0);
    await expect(jobOf(page, inPart)).toBeVisible();
    await hasNumber(page, 'attention', attention - count);
    await expect(page.locator(cause)).toHaveCount(0);
  });
});
