// Where things are on the pages.

import { expect, type Locator, type Page } from '@playwright/test';
import type { Status } from './given';

/** Opens a page and waits until it is live: before that, a click does nothing. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await isLive(page);
}

export async function isLive(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated');
}

/** A job's row in the list, or all of it on its own page. */
export function jobOf(page: Page, id: string): Locator {
  return page.locator(`[data-testid="job"][data-job-id="${id}"]`);
}

export function jobNamed(page: Page, name: string): Locator {
  return page.getByTestId('job').filter({ has: page.getByRole('link', { name, exact: true }) });
}

export async function hasStatus(job: Locator, status: Status): Promise<void> {
  await expect(job).toHaveAttribute('data-status', status, { timeout: 20_000 });
}

export async function numberOf(page: Page, name: string): Promise<number> {
  const text = await page.getByTestId(`stat-${name}`).getByTestId('stat-value').textContent();
  return Number(text?.replaceAll(',', ''));
}

export async function hasNumber(page: Page, name: string, number: number): Promise<void> {
  await expect.poll(() => numberOf(page, name), name).toBe(number);
}

/** The ids of the rows on show, from the top. */
export function rowIds(page: Page): Promise<string[]> {
  return page.getByTestId('job').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-job-id') ?? ''));
}

/** Types a text to look for among the jobs, and waits until it is in the address. */
export async function findJobs(page: Page, text: string): Promise<void> {
  await page.getByTestId('job-filter').fill(text);
  await expect(page).toHaveURL((url) => (url.searchParams.get('q') ?? '') === text);
}

/** Ticks the boxes of these jobs in the list. */
export async function tick(page: Page, ...ids: string[]): Promise<void> {
  for (const id of ids) await jobOf(page, id).getByRole('checkbox').check();
}

/** Says yes to a question of the list, which must be this one. */
export async function sayYes(page: Page, question: string | RegExp): Promise<void> {
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading')).toHaveText(question);
  await dialog.getByTestId(/^confirm(-cancel)?$/).click();
  await expect(dialog).toBeHidden();
}

/** The page says so in a toast. */
export async function isTold(page: Page, words: string | RegExp): Promise<void> {
  await expect(page.getByTestId('toast').filter({ hasText: words })).toBeVisible();
}

/** Moves the pointer to where nothing can be pressed. */
export async function movePointerAway(page: Page): Promise<void> {
  await page.mouse.move(2, 2);
}

export async function isConnected(page: Page): Promise<void> {
  await hasLiveState(page, 'live');
}

export async function hasLiveState(page: Page, state: string): Promise<void> {
  await expect(page.getByTestId('live-state')).toHaveAttribute('data-state', state, { timeout: 20_000 });
}

export function uploadNamed(page: Page, name: string): Locator {
  return page.getByTestId('upload-item').filter({ hasText: name });
}

export async function search(page: Page, question: string): Promise<void> {
  await page.getByTestId('search-input').fill(question);
  await page.getByTestId('search-input').press('Enter');
  await expect(page.getByTestId('answer')).toBeVisible();
}

/** Proves in the end that the page was never loaded anew; only within a page, since the next one is a new load. */
export async function withoutReload(page: Page, steps: () => Promise<void>): Promise<void> {
  await page.evaluate(() => document.documentElement.setAttribute('data-same-page', ''));
  await steps();
  await expect(page.locator('html')).toHaveAttribute('data-same-page');
}

/** No part of the page is wider than the window. */
export async function fitsTheWindow(page: Page): Promise<void> {
  expect(await widthBeyondWindow(page), 'pixels of the page beyond the window').toBe(0);
}

export function widthBeyondWindow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
