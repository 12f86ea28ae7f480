// Logging in with a key, and what the page then allows.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { GuardedServer } from './guarded-server';
import { open } from './pages';
import { expect, test } from './test';

let server: GuardedServer;
let reader: string;
let all: string;

test.beforeAll(async () => {
  const started = await GuardedServer.start(['read', 'read,ingest,manage']);
  ({ server } = started);
  [reader, all] = started.keys;
});

test.afterAll(() => server.stop());

async function logIn(page: Page, key: string) {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a page asks for a key, and then shows what was wanted', async ({ page }) => {
  await page.goto(`${server.address}/app/documents?q=x`);
  await expect(page).toHaveURL(/\/app\/login\?next=/);
  await expect(page.getByLabel('API key')).toBeFocused();
  await logIn(page, 'sluice_nonsense');
  await expect(page.getByRole('alert')).toContainText('not an API key of this server');
  await logIn(page, all);
  await expect(page).toHaveURL(`${server.address}/app/documents?q=x`);
  await expect(page.getByRole('heading', { level: 1, name: 'Documents' })).toBeVisible();
});

test('who has logged in works as ever, and is asked again after logging out', async ({ page }) => {
  await page.goto(`${server.address}/app/login`);
  await logIn(page, all);
  await open(page, `${server.address}/`);
  await page.getByPlaceholder('Or paste a text here').fill('about access');
  await page.getByRole('button', { name: 'Add text' }).click();
  await expect(page.getByTestId('job').first()).toHaveAttribute('data-status', 'completed');
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page).toHaveURL(/\/app\/login/);
  await page.goto(`${server.address}/`);
  await expect(page).toHaveURL(/\/app\/login\?next=/);
});

test('with a key that may only read, nothing is offered that would be refused', async ({ page }) => {
  const api = { headers: { authorization: `Bearer ${all}` } };
  const form = { files: 'about reading', blank: ' \n' };
  for (const [name, text] of Object.entries(form)) {
    const multipart = { file: { name: `${name}.txt`, mimeType: 'text/plain', buffer: Buffer.from(text) } };
    await page.request.post(`${server.address}/ingest`, { ...api, multipart });
  }
  const { documents } = await (await page.request.get(`${server.address}/documents`, api)).json();
  await page.goto(`${server.address}/app/login`);
  await logIn(page, reader);
  const pages = ['/', '/?attention=true', '/app/documents', `/app/documents/${documents[0].document_id}`];
  for (const path of [...pages, `/app/jobs/${documents[0].job_id}`, '/app/preview']) {
    await open(page, `${server.address}${path}`);
    await expect(page.getByRole('main')).toBeVisible();
    const posting = 'form[method=post]:not([action="/app/theme"]):not([action="/app/logout"])';
    const offered = page.locator(`${posting}, input[type=file], input[type=checkbox][name=id]`);
    expect(await offered.evaluateAll((all) => all.filter((it) => it.checkVisibility({ visibilityProperty: true })).length), path).toBe(0);
  }
  await open(page, `${server.address}/`);
  await expect(page.getByTestId('job').first()).toBeVisible();
  await expect(page.getByTestId('slots')).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(page.getByText('1 selected')).toHaveCount(0);
  await expect(page.getByRole('navigation', { name: 'Main' })).not.toContainText('Preview');
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the login page is accessible and looks well, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${server.address}/app/login?why=key_expired`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map((it) => `${it.id}: ${it.help}`)).toEqual([]);
      await page.screenshot({ path: test.info().outputPath(`login-${colorScheme}-${width}.png`) });
    }
  });
}
