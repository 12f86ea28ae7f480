import { newWord, prose, textFile } from './given';
import { fitsTheWindow, hasStatus, jobNamed, jobOf, numberOf, open, uploadNamed, withoutReload } from './pages';
import { expect, test } from './test';

test('the first HTML holds the list and the numbers', async ({ given, request }) => {
  const id = await given.text(`about ${newWord()}`);
  const html = await (await request.get('/')).text();
  expect(html).toContain(`data-job-id="${id}"`);
  const numbers = html.matchAll(/data-testid="stat-(\w+)".*?data-testid="stat-value"[^>]*>([\d,]+)/g);
  expect([...numbers].map(([, name]) => name)).toEqual([
    'total', 'pending', 'running', 'completed', 'failed', 'cancelled', 'chunks',
  ]);
});

test('an uploaded file completes without a reload', async ({ page }) => {
  const name = `${newWord()}.md`;
  await open(page, '/');
  await withoutReload(page, async () => {
    await page.getByTestId('upload-input').setInputFiles(textFile(name, '# Locks\n\nThey lift ships.'));
    await hasStatus(jobNamed(page, name), 'completed');
    await expect(jobNamed(page, name)).toContainText('File ingested successfully');
  });
});

test('several files chosen at once become a job each', async ({ page }) => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${newWord()}-${letter}.txt`);
  await open(page, '/');
  await page.getByTestId('upload-input').setInputFiles(names.map((name) => textFile(name, `about ${name}`)));
  for (const name of names) {
    await hasStatus(jobNamed(page, name), 'completed');
    await expect(uploadNamed(page, name)).toHaveAttribute('data-state', 'taken');
  }
  await expect(page.getByText('5 of 5 sent')).toBeVisible();
});

test('dropped files are taken in', async ({ page }) => {
  const name = `${newWord()}.txt`;
  await open(page, '/');
  const dataTransfer = await page.evaluateHandle((name) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['about drops'], name));
    return transfer;
  }, name);
  await page.getByTestId('paste-text').dispatchEvent('drop', { dataTransfer });
  await hasStatus(jobNamed(page, name), 'completed');
});

test('a file of a kind that Sluice does not read is refused with a sentence, and never sent', async ({ page }) => {
  await open(page, '/');
  const total = await numberOf(page, 'total');
  await page.getByTestId('upload-input').setInputFiles(textFile('picture.png', 'not a text'));
  await expect(uploadNamed(page, 'picture.png')).toHaveAttribute('data-state', 'refused');
  await expect(uploadNamed(page, 'picture.png')).toContainText('does not read this format.');
  expect(await numberOf(page, 'total')).toBe(total);
});

test.describe('a file that the server refuses', () => {
  test.use({ expectedComplaints: [/status of 415/] });

  test('is shown with the words of the server', async ({ page }) => {
    await open(page, '/');
    await page.getByTestId('upload-input').setInputFiles(textFile('binary.txt', 'ab\0cd'));
    await expect(uploadNamed(page, 'binary.txt')).toHaveAttribute('data-state', 'refused');
    await expect(uploadNamed(page, 'binary.txt')).toContainText('binary.txt is not a text file');
  });
});

test('a file on its way shows how much of it was sent', async ({ page }) => {
  await open(page, '/');
  const network = await page.context().newCDPSession(page);
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 4_000_000 };
  await network.send('Network.emulateNetworkConditions', slow);
  const name = `${newWord()}.txt`;
  await page.getByTestId('upload-input').setInputFiles(textFile(name, prose(8_000_000)));
  const bar = uploadNamed(page, name).getByTestId('upload-progress');
  const percent = async () => Number(await bar.getAttribute('value'));
  await expect(uploadNamed(page, name)).toHaveAttribute('data-state', 'sending');
  await expect.poll(percent).toBeGreaterThan(0);
  await expect(uploadNamed(page, name)).toHaveAttribute('data-state', 'taken', { timeout: 20_000 });
});

test('an upload that was taken in links to its job', async ({ page }) => {
  const name = `${newWord()}.txt`;
  await open(page, '/');
  await page.getByTestId('upload-input').setInputFiles(textFile(name, 'about links'));
  await uploadNamed(page, name).getByRole('link').click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
});

test('a pasted text becomes a job, and its field is empty again', async ({ page }) => {
  const word = newWord();
  await open(page, '/');
  await page.getByTestId('paste-text').fill(`${word} was pasted.`);
  await page.getByTestId('paste-submit').click();
  await hasStatus(jobNamed(page, `${word} was pasted.`), 'completed');
  await expect(page.getByTestId('paste-text')).toHaveValue('');
});

test('a running job shows its percent and its stage, and both move', async ({ page, given }) => {
  await open(page, '/');
  const job = jobOf(page, await given.runningJob());
  const bar = job.getByTestId('job-progress');
  const percent = async () => Number(await bar.getAttribute('value'));
  await expect.poll(percent).toBeGreaterThan(0);
  const early = await percent();
  await expect.poll(percent, { timeout: 20_000 }).toBeGreaterThan(early);
  await expect(job).toContainText(/[1-9]\d? % (reading|indexing)/);
});

test('only a running job has a progress bar', async ({ page, given }) => {
  const id = await given.text('about bars');
  await open(page, '/');
  await expect(jobOf(page, id)).toBeVisible();
  await expect(jobOf(page, id).getByTestId('job-progress')).toHaveCount(0);
});

test('the numbers follow the jobs', async ({ page, given }) => {
  await open(page, '/');
  const names = ['total', 'completed', 'failed', 'chunks'];
  const numbers = () => Promise.all(names.map((name) => numberOf(page, name)));
  const before = await numbers();
  await given.text('about numbers');
  await given.failedJob();
  await expect.poll(numbers).toEqual(before.map((number, place) => number + [2, 1, 1, 1][place]));
});

test('a name with markup in it is shown as text, in the list and on its own page', async ({ page, given }) => {
  const name = `</title><img src=x onerror=alert(1)> ${newWord()}`;
  const id = await given.text(name);
  await open(page, '/');
  await expect(jobNamed(page, name)).toBeVisible();
  await open(page, `/app/jobs/${id}`);
  await expect(page.getByRole('heading', { name })).toBeVisible();
  await expect(page.locator('img')).toHaveCount(0);
});

test('a long name without spaces leaves the page as wide as the window', async ({ page, given }) => {
  await given.text(newWord().repeat(40));
  await open(page, '/');
  await fitsTheWindow(page);
});
