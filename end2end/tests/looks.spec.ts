// How the pages look where it can be said in numbers: on a phone, in the dark, and to axe.

import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { textFile, type Given } from './given';
import { fitsTheWindow, hasStatus, jobOf, open, uploadNamed } from './pages';
import { expect, test } from './test';

/** Every page with something on it. The running job is there to look at for some seconds. */
async function allPages(given: Given): Promise<Record<string, string>> {
  const text = await given.text('The water of a river runs over gates into locks.', { author: 'Ada Lovelace' });
  const batch = await given.filesJob(textFile('a.txt', 'about apples'), textFile('b.txt', ' \n'));
  await given.reaches(batch, 'completed');
  const failed = await given.failedJob();
  await given.cancelledJob('about what was not meant so');
  const running = await given.runningJob();
  await given.textJob('about waiting');
  return {
    'the dashboard': '/',
    'a filter without jobs': '/?status=cancelled&before=00000000-0000-7000-8000-000000000000',
    'the page of a running job': `/app/jobs/${running}`,
    'the page of a completed job': `/app/jobs/${text}`,
    'the page of a batch': `/app/jobs/${batch}`,
    'the page of a failed job': `/app/jobs/${failed}`,
    'the documents': '/app/documents',
    'an empty search': '/app/search',
    'an answer': '/app/search?q=gates+into+locks',
    'nothing found': '/app/search?q=zzyzx',
    'jobs with warnings': '/?warnings=true',
    'a preview': '/app/preview',
  };
}

async function documentPage(page: Page): Promise<string> {
  await open(page, '/app/documents');
  return (await page.getByTestId('document').first().getByRole('link').getAttribute('href')) ?? '';
}

async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter((it) => it.impact === 'serious' || it.impact === 'critical')
    .flatMap((it) => it.nodes.map((node) => `${it.id}: ${node.target} – ${node.failureSummary}`));
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`axe in ${colorScheme} colours`, () => {
    test.use({ colorScheme });

    test('has nothing serious to say about any page', async ({ page, given }) => {
      const pages = { ...(await allPages(given)), 'a document': await documentPage(page) };
      for (const [name, path] of Object.entries(pages)) {
        await open(page, path);
        expect.soft(await seriousFindings(page), name).toEqual([]);
      }
    });

    test('has nothing serious to say about an open question', async ({ page, given }) => {
      const id = await given.pendingJob('about questions');
      await open(page, '/');
      await jobOf(page, id).getByTestId('cancel-job').click();
      await expect(page.getByRole('dialog')).toBeVisible();
      expect(await seriousFindings(page)).toEqual([]);
    });

    test('has nothing serious to say about a list of uploads', async ({ page }) => {
      await open(page, '/');
      await page.getByTestId('upload-input').setInputFiles([textFile('taken.txt', 'a'), textFile('refused.png', 'b')]);
      await expect(uploadNamed(page, 'taken.txt')).toHaveAttribute('data-state', 'taken');
      expect(await seriousFindings(page)).toEqual([]);
    });
  });
}

test.describe('in the dark', () => {
  test.use({ colorScheme: 'dark' });

  test('the ground is dark and the words are light', async ({ page }) => {
    await open(page, '/');
    const [ground, words] = await page.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      const brightness = (it: string) => Math.max(...(it.match(/\d+/g) ?? []).slice(0, 3).map(Number));
      return [brightness(backgroundColor), brightness(color)];
    });
    expect(ground).toBeLessThan(60);
    expect(words).toBeGreaterThan(200);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test('no page is wider than the window', async ({ page, given }) => {
    await given.text('a-name-without-any-space-in-it'.repeat(10));
    const pages = { ...(await allPages(given)), 'a document': await documentPage(page) };
    for (const [name, path] of Object.entries(pages)) {
      await test.step(name, async () => {
        await open(page, path);
        await fitsTheWindow(page);
      });
    }
  });

  test('each job is a card with labels', async ({ page, given }) => {
    const id = await given.text('about cards');
    await open(page, '/');
    const job = jobOf(page, id);
    const label = job.getByRole('cell').nth(3);
    expect(await label.evaluate((it) => getComputedStyle(it, '::before').content)).toBe('"Chunks"');
    expect(await job.evaluate((it) => getComputedStyle(it).display)).toBe('grid');
  });

  test('a job is cancelled with a finger', async ({ page, given }) => {
    const id = await given.pendingJob('about fingers');
    await open(page, '/');
    await jobOf(page, id).getByTestId('cancel-job').tap();
    await fitsTheWindow(page);
    await page.getByTestId('confirm-cancel').tap();
    await hasStatus(jobOf(page, id), 'cancelled');
  });
});

test('the first thing the Tab key reaches skips to the content', async ({ page }) => {
  await open(page, '/');
  await page.keyboard.press('Tab');
  await expect(page.getByText('Skip to content')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
});
