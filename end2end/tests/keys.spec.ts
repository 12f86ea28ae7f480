// What keys do, and that they do nothing where people type.

import type { Page } from '@playwright/test';
import { newWord } from './given';
import { hasStatus, isLive, isTold, jobOf, open, sayYes } from './pages';
import { expect, test } from './test';

/** The id of the row the keys are on. */
async function current(page: Page): Promise<string | null> {
  const row = page.locator('[data-testid="job"]:has(a:focus)');
  return (await row.count()) === 1 ? row.getAttribute('data-job-id') : null;
}

test('/ goes to the search of the page', async ({ page, given }) => {
  const id = await given.text('about slashes');
  await open(page, '/');
  await page.keyboard.press('/');
  await expect(page.getByTestId('job-filter')).toBeFocused();
  await expect(page.getByTestId('job-filter')).toHaveValue('');
  for (const path of ['/app/documents', '/app/search', `/app/jobs/${id}`]) {
    await open(page, path);
    await page.keyboard.press('/');
    await expect(page.getByTestId('search-input')).toBeFocused();
  }
});

test('u asks for files', async ({ page }) => {
  await open(page, '/');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('u')]);
  expect(chooser.isMultiple()).toBe(true);
});

test('j and k go from job to job, and Enter opens one', async ({ page, given }) => {
  const word = newWord();
  const ids = [await given.text(`${word} a`), await given.text(`${word} b`), await given.text(`${word} c`)].reverse();
  await open(page, `/?q=${word}`);
  for (const [key, place] of [['j', 0], ['j', 1], ['j', 2], ['j', 2], ['k', 1], ['k', 0], ['k', 0], ['j', 1]] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => current(page), key).toBe(ids[place]);
  }
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/app/jobs/${ids[1]}$`));
});

test('x selects the job, and c cancels those selected', async ({ page, given }) => {
  const word = newWord();
  await given.pausedQueue();
  const ids = await given.textJobs(3, (number) => `${word} ${number}`);
  await open(page, `/?q=${word}`);
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
  await expect(page.getByTestId('selection')).toContainText('2 selected');
  await page.keyboard.press('c');
  await sayYes(page, 'Cancel 2 jobs?');
  await hasStatus(jobOf(page, ids[2]), 'cancelled');
  await hasStatus(jobOf(page, ids[1]), 'cancelled');
  await hasStatus(jobOf(page, ids[0]), 'pending');
});

test('r tries those selected again', async ({ page, given }) => {
  const word = newWord();
  const id = await given.cancelledJob(`${word} a`);
  await open(page, `/?q=${word}`);
  for (const key of ['j', 'x', 'r']) await page.keyboard.press(key);
  await sayYes(page, 'Retry 1 job?');
  await hasStatus(jobOf(page, id), 'completed');
});

test('c and r do what the buttons of the job do, and never what it does not offer', async ({ page, given }) => {
  const word = newWord();
  const other = await given.cancelledJob(`${word} other`);
  await given.pausedQueue();
  const id = await given.textJob(`${word} this`);
  await open(page, `/?q=${word}`);
  await page.keyboard.press('j');
  await page.keyboard.press('r');
  await page.keyboard.press('c');
  await sayYes(page, 'Cancel this job?');
  await hasStatus(jobOf(page, id), 'cancelled');
  await page.keyboard.press('r');
  await isTold(page, 'Queued again');
  await hasStatus(jobOf(page, id), 'pending');
  await hasStatus(jobOf(page, other), 'cancelled');
});

test('c and r do nothing while no job is chosen', async ({ page, given }) => {
  await given.pausedQueue();
  const id = await given.textJob('about nothing');
  await open(page, '/');
  await page.keyboard.press('c');
  await page.keyboard.press('r');
  await page.keyboard.press('x');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await hasStatus(jobOf(page, id), 'pending');
  await expect(page.locator('.jobs input:checked')).toHaveCount(0);
});

test.describe('? lists the keys', () => {
  test('on every page, until Escape', async ({ page, given }) => {
    const id = await given.text('about help');
    for (const path of ['/', `/app/jobs/${id}`, '/app/documents', '/app/search', '/app/preview']) {
      await open(page, path);
      await page.keyboard.press('?');
      const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
      await expect(help).toBeVisible();
      await page.keyboard.press('j');
      await expect(help).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(help).toBeHidden();
    }
  });

  test('with each of them, and by its button', async ({ page }) => {
    await open(page, '/');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await expect(page.locator('#keys kbd')).toHaveText(['/', 'u', 'j', 'k', 'x', 'c', 'r', 'Enter', '?']);
    await page.getByRole('button', { name: 'Close' }).click();
    await expect(page.locator('#keys')).toBeHidden();
  });
});

test('no key is a command while one types, or with another key held', async ({ page, given }) => {
  await given.pausedQueue();
  const id = await given.textJob('about typing');
  await open(page, '/');
  await page.keyboard.press('j');
  const keys = '/ujkxcr?';
  for (const field of [page.getByTestId('paste-text'), page.getByTestId('job-filter'), page.getByTestId('search-input')]) {
    await field.pressSequentially(keys);
    await expect(field).toBeFocused();
    await expect(field).toHaveValue(keys);
    await field.fill('');
  }
  await expect(page).toHaveURL(/\/$/);
  await isLive(page);
  await jobOf(page, id).getByRole('link').focus();
  for (const key of ['Control+c', 'Alt+x', 'Meta+r']) await page.keyboard.press(key);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.locator('.jobs input:checked')).toHaveCount(0);
  await hasStatus(jobOf(page, id), 'pending');
});

test('a key for the list works again after a box was ticked with the pointer', async ({ page, given }) => {
  const id = await given.text('about boxes');
  await open(page, '/');
  await jobOf(page, id).getByRole('checkbox').check();
  await page.keyboard.press('j');
  await expect.poll(() => current(page)).not.toBe(null);
});
