import { newWord, prose, textFile } from './given';
import { open, search } from './pages';
import { expect, test } from './test';

test('a question is answered with sentences and their sources', async ({ page, given }) => {
  const word = newWord();
  await given.text(`Nothing of interest. The ${word} opens at noon. It is green.`);
  await open(page, '/');
  await search(page, `When does the ${word} open?`);
  await expect(page).toHaveURL(/\/app\/search\?q=/);
  await expect(page.getByTestId('answer')).toContainText(`The ${word} opens at noon. [1]`);
  await expect(page.getByTestId('source').first().locator('mark', { hasText: word })).toBeVisible();
});

test('a number in the answer leads to its source, and the source to its document', async ({ page, given }) => {
  const word = newWord();
  await given.text(`The ${word} opens at noon.`);
  await open(page, `/app/search?q=${word}`);
  await page.getByTestId('answer').getByRole('link', { name: '[1]' }).click();
  await expect(page).toHaveURL(/#source-1$/);
  await page.getByTestId('source').first().getByRole('link').first().click();
  await expect(page).toHaveURL(/\/app\/documents\/.*#chunk-0$/);
  await expect(page.getByTestId('chunk')).toContainText(word);
});

test('a source deep inside a document leads to its chunk', async ({ page, given }) => {
  const word = newWord();
  const id = await given.filesJob(textFile('deep.txt', `${prose(400_000)} The ${word} is here. ${prose(20_000)}`));
  await given.reaches(id, 'completed');
  await open(page, `/app/search?q=${word}`);
  await page.getByTestId('source').first().getByRole('link').first().click();
  const chunk = page.getByTestId('chunk').filter({ hasText: word });
  await expect(chunk).toBeInViewport();
});

test('a phrase in quotes is found only as it stands', async ({ page, given }) => {
  const [first, second] = [newWord(), newWord()];
  await given.text(`In order: ${first} ${second}.`);
  await given.text(`Not in order: ${second} and then ${first}.`);
  await open(page, '/app/search');
  await search(page, `${first} ${second}`);
  await expect(page.getByTestId('source')).toHaveCount(2);
  await search(page, `"${first} ${second}"`);
  await expect(page.getByTestId('source')).toHaveCount(1);
  await expect(page.getByTestId('source')).toContainText('In order:');
});

test('nothing found is said honestly', async ({ page }) => {
  await open(page, '/app/search');
  await search(page, newWord());
  await expect(page.getByTestId('answer')).toContainText('Nothing was found');
  await expect(page.getByTestId('source')).toHaveCount(0);
});

test('markup in a document is shown as text', async ({ page, given }) => {
  const word = newWord();
  const markup = `<script>document.title="broken"</script><img src=x onerror="document.title='broken'">`;
  await given.text(`The ${word} has ${markup} in it.`);
  await open(page, `/app/search?q=${word}`);
  await expect(page.getByTestId('answer')).toContainText(markup);
  await expect(page.locator('.snippet')).toContainText('<script>');
  await expect(page.locator('main script, main img')).toHaveCount(0);
  await expect(page).not.toHaveTitle('broken');
});

test('markup in a question is shown as text', async ({ page }) => {
  const question = `</title><script>document.body.remove()</script> ${newWord()}`;
  await open(page, `/app/search?q=${encodeURIComponent(question)}`);
  await expect(page.getByTestId('search-input')).toHaveValue(question);
  await expect(page).toHaveTitle(/script/);
  await expect(page.locator('head script, main script').filter({ hasText: 'remove()' })).toHaveCount(0);
});

test('the question is in the address, so that the back button brings it back', async ({ page, given }) => {
  const [first, second] = [newWord(), newWord()];
  await given.text(`First the ${first}.`);
  await given.text(`Then the ${second}.`);
  await open(page, '/app/search');
  await search(page, first);
  await search(page, second);
  await expect(page.getByTestId('answer')).toContainText(second);
  await page.goBack();
  await expect(page.getByTestId('answer')).toContainText(first);
  await expect(page.getByTestId('search-input')).toHaveValue(first);
});

test('each page has one search field', async ({ page, given }) => {
  const id = await given.text('about fields');
  for (const path of ['/', `/app/jobs/${id}`, '/app/documents', '/app/search']) {
    await open(page, path);
    await expect(page.getByTestId('search-input')).toHaveCount(1);
  }
});

test('metadata of a document is shown beside its passages', async ({ page, given }) => {
  const word = newWord();
  await given.text(`about ${word}`, { author: 'Ada Lovelace' });
  await open(page, `/app/search?q=${word}`);
  await expect(page.getByTestId('source')).toContainText('Ada Lovelace');
});
