import { newWord, prose, textFile } from './given';
import { isLive, isTold, numberOf, open, search } from './pages';
import { expect, test } from './test';

test('documents are listed newest first, and open', async ({ page, given }) => {
  const [older, newer] = [newWord(), newWord()];
  await given.text(`about ${older}`);
  await given.text(`about ${newer}`);
  await open(page, '/app/documents');
  await expect(page.getByTestId('document').nth(0)).toContainText(newer);
  await expect(page.getByTestId('document').nth(1)).toContainText(older);
  await page.getByRole('link', { name: `about ${newer}` }).click();
  await expect(page.getByTestId('chunk')).toHaveText(new RegExp(newer));
});

test('a document is deleted after a question, and no search finds it', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word}`);
  await open(page, '/app/documents');
  const documents = await numberOf(page, 'documents');
  const row = page.getByTestId('document').filter({ hasText: word });
  await row.getByTestId('delete-document').click();
  await expect(page.getByRole('dialog')).toContainText(word);
  await page.getByTestId('confirm').click();
  await expect(row).toHaveCount(0);
  await isTold(page, word);
  await expect.poll(() => numberOf(page, 'documents')).toBe(documents - 1);
  await search(page, word);
  await expect(page.getByTestId('answer')).toContainText('Nothing was found');
});

test('deleting a document leaves the list as it was chosen', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word} one`);
  await given.text(`about ${word} two`);
  await open(page, `/app/documents?q=${word}`);
  await page.getByTestId('document').first().getByTestId('delete-document').click();
  await page.getByTestId('confirm').click();
  await isTold(page, `Deleted “about ${word} two”.`);
  await expect(page).toHaveURL(new RegExp(`q=${word}$`));
  await expect(page.getByTestId('document')).toHaveCount(1);
  await page.getByRole('link', { name: `about ${word} one` }).click();
  await page.getByTestId('delete-document').click();
  await page.getByTestId('confirm').click();
  await isTold(page, `Deleted “about ${word} one”.`);
  await expect(page).toHaveURL(/\/app\/documents$/);
});

test.describe('a document that was deleted elsewhere', () => {
  test.use({ expectedComplaints: /status of 404/ });

  test('cannot be deleted once more, and the page says so', async ({ page, otherPage, given }) => {
    const word = newWord();
    await given.text(`about ${word}`);
    await Promise.all([open(page, '/app/documents'), open(otherPage, '/app/documents')]);
    for (const each of [otherPage, page]) {
      await each.getByTestId('document').filter({ hasText: word }).getByTestId('delete-document').click();
      await each.getByTestId('confirm').click();
      await isTold(each, each === otherPage ? `Deleted “about ${word}”.` : 'There is no document');
    }
    await expect(page).toHaveURL(/\/app\/documents$/);
    await page.reload();
    await isLive(page);
    await expect(page.getByTestId('toast')).toHaveCount(0);
  });
});

test('a document that may stay does', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word}`);
  await open(page, '/app/documents');
  const row = page.getByTestId('document').filter({ hasText: word });
  await row.getByTestId('delete-document').click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(row).toBeVisible();
  await page.reload();
  await expect(row).toBeVisible();
});

test('older documents are on a page of their own', async ({ page, given }) => {
  const names = Array.from({ length: 55 }, (_, number) => textFile(`many-${number}.txt`, `file ${number}`));
  await given.reaches(await given.filesJob(...names), 'completed');
  await open(page, '/app/documents');
  await expect(page.getByTestId('document')).toHaveCount(50);
  const newest = await page.getByTestId('document').first().getAttribute('data-document-id');
  await page.getByTestId('show-more').click();
  await expect(page).toHaveURL(/\?before=/);
  await expect.poll(() => page.getByTestId('document').count()).toBeGreaterThanOrEqual(5);
  await page.getByRole('link', { name: 'Back to the newest' }).click();
  await expect(page.getByTestId('document').first()).toHaveAttribute('data-document-id', newest ?? '');
});

test('a long document is read page by page', async ({ page, given }) => {
  const id = await given.filesJob(textFile('long.txt', prose(400_000)));
  await given.reaches(id, 'completed');
  await open(page, `/app/jobs/${id}`);
  await page.getByRole('link', { name: 'Open the document' }).click();
  await expect(page.getByTestId('chunk').first()).toContainText('Chunk 0 ');
  await page.getByRole('link', { name: 'Later chunks' }).click();
  await expect(page.getByTestId('chunk').first()).not.toContainText('Chunk 0 ');
  await page.getByRole('link', { name: 'Earlier chunks' }).click();
  await expect(page.getByTestId('chunk').first()).toContainText('Chunk 0 ');
});

test.describe('a document that does not exist', () => {
  test.use({ expectedComplaints: /status of 404/ });

  test('is not found, and the page says so', async ({ page }) => {
    const answer = await page.goto('/app/documents/nonsense');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('alert')).toContainText('“nonsense” is not a document id.');
  });
});
