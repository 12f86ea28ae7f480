import { newWord, textFile } from './given';
import { hasStatus, isConnected, jobOf, open, sayYes, search } from './pages';
import { pdf } from './pdf';
import { expect, test } from './test';

test('a long PDF is seen moving page by page, and stops at once when it is cancelled', async ({ page, given }) => {
  const id = await given.filesJob({ name: 'survey.pdf', mimeType: 'application/pdf', buffer: pdf(2000, 'Locks and weirs. '.repeat(20)) });
  await open(page, `/app/jobs/${id}`);
  await isConnected(page);
  const pages = new Set<string>();
  const look = async () => {
    const told = /Reading page \d+ of 2000/.exec((await jobOf(page, id).textContent()) ?? '');
    if (told) pages.add(told[0]);
    return pages.size;
  };
  await expect.poll(look, { timeout: 20_000, intervals: [50] }).toBeGreaterThan(3);
  await page.getByTestId('cancel-job').click();
  await sayYes(page, 'Cancel this job?');
  await hasStatus(jobOf(page, id), 'cancelled');
});

test('a chunk of a PDF says on which page it is', async ({ page, given }) => {
  const id = await given.filesJob({ name: 'short.pdf', mimeType: 'application/pdf', buffer: pdf(3) });
  await given.reaches(id, 'completed');
  await open(page, `/app/jobs/${id}`);
  await page.getByRole('link', { name: 'Open the document' }).click();
  await expect(page.getByTestId('chunk').last()).toContainText('page 3');
  await open(page, '/app/search');
  await search(page, '"page 2, line 7"');
  await expect(page.getByTestId('source').first()).toContainText('page 2');
});

test.describe('a preview that is refused', () => {
  test.use({ expectedComplaints: /status of 400/ });

  test('keeps what was typed, as one that is shown does', async ({ page }) => {
    await open(page, '/app/preview');
    const fields = { Text: '\n  One & <b>two</b>.\n', 'Longest chunk': '500', Overlap: '50' };
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
    await page.getByTestId('preview-submit').click();
    await expect(page.getByTestId('preview-document')).toBeVisible();
    for (const [label, value] of Object.entries(fields)) await expect(page.getByLabel(label, { exact: true })).toHaveValue(value);
    await page.getByLabel('Or a file').setInputFiles({ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('b') });
    await page.getByTestId('preview-submit').click();
    await expect(page.getByText('not both')).toBeVisible();
    for (const [label, value] of Object.entries(fields)) await expect(page.getByLabel(label, { exact: true })).toHaveValue(value);
  });
});

test.describe('a preview', () => {
  test('shows the chunks of a file and keeps nothing of it', async ({ page, given }) => {
    const word = newWord();
    await given.nothingRuns();
    await open(page, '/');
    await page.getByRole('link', { name: 'Preview' }).click();
    await expect(page.getByRole('heading', { name: 'Preview', level: 1 })).toBeVisible();
    await page.getByLabel('File').setInputFiles(textFile('notes.md', `# Birds\n${`The ${word} sings. `.repeat(60)}`));
    await page.getByLabel('Longest chunk').fill('200');
    await page.getByLabel('Overlap').fill('0');
    await page.getByTestId('preview-submit').click();
    await expect(page.getByTestId('chunk').first()).toContainText(word);
    expect(await page.getByTestId('chunk').count()).toBeGreaterThan(3);
    await expect(page.getByLabel('Longest chunk')).toHaveValue('200');
    await open(page, '/app/search');
    await search(page, word);
    await expect(page.getByTestId('source')).toHaveCount(0);
  });

  test.describe('of what cannot be read', () => {
    test.use({ expectedComplaints: /status of 415/ });

    test('says why', async ({ page }) => {
      await page.goto('/app/preview');
      await page.getByLabel('File').setInputFiles(textFile('picture.png', 'no picture'));
      await page.getByTestId('preview-submit').click();
      await expect(page.getByRole('alert')).toContainText('picture.png');
    });
  });
});

test('a job that warns says so, is found by the filter, and so does its document', async ({ page, given }) => {
  const latin1 = Buffer.from('Der Schleusenwärter öffnet das Tor. Größe und Höhe stimmen. '.repeat(5), 'latin1');
  const warned = await given.filesJob(textFile('alt.txt', latin1));
  const silent = await given.filesJob(textFile('neu.txt', 'all is well'));
  await given.reaches(warned, 'completed');
  await given.reaches(silent, 'completed');
  await open(page, '/');
  await page.getByLabel('Warnings').check();
  await expect(page).toHaveURL(/\?warnings=true$/);
  await expect(page.getByTestId('token')).toHaveText(/With warnings/);
  await expect(jobOf(page, warned)).toBeVisible();
  await expect(jobOf(page, silent)).toHaveCount(0);
  await page.getByRole('link', { name: 'alt.txt' }).first().click();
  await expect(page.getByText('it was read as windows-1252').first()).toBeVisible();
  await page.getByRole('link', { name: 'Open the document' }).click();
  await expect(page.locator('.warnings')).toContainText('it was read as windows-1252');
});
