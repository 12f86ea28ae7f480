// What axe has to say of each page: nothing, whatever its impact.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { allPages } from './all-pages';
import { textFile } from './given';
import { isTold, jobOf, open, tick, uploadNamed } from './pages';
import { expect, test } from './test';

async function findings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap((it) => it.nodes.map((node) => `${it.impact} ${it.id}: ${node.target} – ${node.failureSummary}`));
}

const SIZES = { 'a wide window': { width: 1280, height: 900 }, 'a phone': { width: 390, height: 844 } };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [name, viewport] of Object.entries(SIZES)) {
    test.describe(`axe in ${colorScheme} colours on ${name}`, () => {
      test.use({ colorScheme, viewport, expectedComplaints: /status of 404/ });

      test('has nothing to say about any page', async ({ page, given }) => {
        test.setTimeout(180_000);
        for (const [name, path] of Object.entries(await allPages(given))) {
          await open(page, path);
          expect.soft(await findings(page), name).toEqual([]);
        }
      });

      test('has nothing to say about questions, help, toasts and ticks', async ({ page, given }) => {
        test.setTimeout(180_000);
        await given.pausedQueue();
        const id = await given.textJob('about questions');
        await open(page, '/');
        await page.keyboard.press('?');
        await expect(page.getByRole('dialog')).toBeVisible();
        expect.soft(await findings(page), 'the keys').toEqual([]);
        await page.keyboard.press('Escape');
        await tick(page, id);
        expect.soft(await findings(page), 'a selection').toEqual([]);
        await jobOf(page, id).getByTestId('cancel-job').click();
        await expect(page.getByRole('dialog')).toBeVisible();
        expect.soft(await findings(page), 'a question').toEqual([]);
        await page.getByTestId('confirm-cancel').click();
        await isTold(page, 'Cancelled');
        expect.soft(await findings(page), 'a toast').toEqual([]);
        await page.getByText('As tables').click();
        expect.soft(await findings(page), 'the tables of the charts').toEqual([]);
      });

      test('has nothing to say about a list of uploads', async ({ page }) => {
        await open(page, '/');
        await page.getByTestId('upload-input').setInputFiles([textFile('taken.txt', 'a'), textFile('refused.png', 'b')]);
        await expect(uploadNamed(page, 'taken.txt')).toHaveAttribute('data-state', 'taken');
        expect(await findings(page)).toEqual([]);
      });

      test('has nothing to say about what a preview shows', async ({ page }) => {
        await open(page, '/app/preview');
        await page.getByLabel('File').setInputFiles(textFile('notes.md', '# Birds\n\nThey sing.'));
        await page.getByTestId('preview-submit').click();
        await expect(page.getByTestId('chunk').first()).toBeVisible();
        expect(await findings(page)).toEqual([]);
      });
    });
  }
}
