// Files and texts on their way from the browser to the server.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page, Route } from '@playwright/test';
import { newWord, textFile } from './given';
import { fitsTheWindow, hasStatus, isLive, jobNamed, open, uploadNamed } from './pages';
import { expect, test } from './test';

const INTAKE = /\/ingest(\/text)?\/async$/;

/** Names of what is sent, in order. Each request waits for `let go`, or for good. */
async function holdUploads(page: Page): Promise<{ sent: string[]; letGo: () => Promise<void> }> {
  const sent: string[] = [];
  const held: Route[] = [];
  let hold = true;
  await page.route(INTAKE, async (route) => {
    sent.push(/filename="([^"]*)"/.exec(route.request().postData() ?? '')?.[1] ?? '');
    if (hold) held.push(route);
    else await route.continue();
  });
  const letGo = async () => {
    hold = false;
    // Those that were aborted meanwhile cannot go on.
    for (const route of held.splice(0)) await route.continue().catch(() => {});
  };
  return { sent, letGo };
}

async function hasState(page: Page, name: string, state: string): Promise<void> {
  await expect(uploadNamed(page, name)).toHaveAttribute('data-state', state);
}

async function choose(page: Page, ...files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  await page.getByTestId('choose-files').setInputFiles(files);
}

function named(...names: string[]) {
  return names.map((name) => textFile(name, `about ${name}`));
}

async function drag(page: Page, type: string, fill: { file?: string; text?: string; link?: string }): Promise<void> {
  const dataTransfer = await page.evaluateHandle(({ file, text, link }) => {
    const transfer = new DataTransfer();
    if (file) transfer.items.add(new File([`about ${file}`], file));
    if (text) transfer.setData('text/plain', text);
    if (link) transfer.setData('text/uri-list', link);
    return transfer;
  }, fill);
  await page.getByRole('main').dispatchEvent(type, { dataTransfer });
}

test('a file that is there already is left out if that is chosen', async ({ page }) => {
  const [file] = named(`${newWord()}.txt`);
  await open(page, '/');
  await choose(page, file);
  await hasState(page, file.name, 'taken');
  await hasStatus(jobNamed(page, file.name), 'completed');
  await page.getByTestId('on-duplicate').selectOption({ label: 'leave out' });
  await choose(page, { ...file, name: `again-${file.name}` });
  await expect(jobNamed(page, `again-${file.name}`)).toContainText('Skipped: document');
  await jobNamed(page, `again-${file.name}`).getByRole('link').first().click();
  await page.getByTestId('twin').click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(file.name);
});

test.describe('on any page', () => {
  test('dropped files are taken in, and lead to their jobs', async ({ page }) => {
    const name = `${newWord()}.txt`;
    await open(page, '/app/documents');
    await drag(page, 'drop', { file: name });
    await hasState(page, name, 'taken');
    await uploadNamed(page, name).getByRole('link', { name: `See its job ${name}` }).click();
    await expect(page.getByRole('heading', { name })).toBeVisible();
  });

  test('a dropped text becomes a job', async ({ page }) => {
    const word = newWord();
    await open(page, '/app/documents');
    await drag(page, 'drop', { text: `${word} was dropped.\nIt has two lines.` });
    await hasState(page, `${word} was dropped.`, 'taken');
    await open(page, '/');
    await hasStatus(jobNamed(page, `${word} was dropped. It has two lines.`), 'completed');
  });

  test('the page says that it would take what is dragged over it, and nothing else', async ({ page }) => {
    await open(page, '/app/search');
    const over = page.getByTestId('drop-over');
    await drag(page, 'dragover', { text: 'a link', link: 'http://localhost/' });
    await expect(over).toBeHidden();
    await drag(page, 'dragover', { file: 'a.txt' });
    await expect(over).toBeVisible();
    await drag(page, 'dragleave', { file: 'a.txt' });
    await expect(over).toBeHidden();
  });

  test('the key u asks for files', async ({ page }) => {
    await open(page, '/app/documents');
    const asked = page.waitForEvent('filechooser');
    await page.keyboard.press('u');
    await (await asked).setFiles(named('by-key.txt'));
    await hasState(page, 'by-key.txt', 'taken');
  });
});

test.describe('a folder', () => {
  let folder: string;

  test.beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-folder-'));
    await mkdir(join(folder, 'deep', '.git'), { recursive: true });
    await writeFile(join(folder, 'top.txt'), 'about the top');
    await writeFile(join(folder, 'deep', 'below.txt'), 'about what is below');
    await writeFile(join(folder, 'deep', 'picture.png'), 'no text');
    await writeFile(join(folder, 'deep', '.git', 'config'), 'hidden');
  });

  test.afterEach(async () => rm(folder, { recursive: true }));

  /** Its files are there under their paths, but for what is hidden. */
  async function isTakenIn(page: Page): Promise<void> {
    const path = (name: string) => `${folder.split('/').pop()}/${name}`;
    await hasState(page, path('top.txt'), 'taken');
    await hasState(page, path('deep/below.txt'), 'taken');
    await hasState(page, path('deep/picture.png'), 'refused');
    await expect(page.getByTestId('upload-item')).toHaveCount(3);
  }

  test('that is chosen is sent file by file', async ({ page }) => {
    await open(page, '/');
    await page.getByTestId('choose-folder').setInputFiles(folder);
    await isTakenIn(page);
  });

  test('that is dropped is walked', async ({ page }) => {
    await open(page, '/app/documents');
    const browser = await page.context().newCDPSession(page);
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await browser.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
    }
    await isTakenIn(page);
  });
});

test('what the server would refuse is told before anything is sent', async ({ page }) => {
  const limit = (await (await page.request.get('/limits')).json()).max_upload_size;
  const uploads = await holdUploads(page);
  await open(page, '/');
  await choose(page, textFile('picture.png', 'no text'), textFile('nothing.txt', ''));
  // As large as it says only to the page: not even the test holds so much.
  await page.evaluate((size) => {
    const transfer = new DataTransfer();
    const file = new File(['small'], 'large.txt');
    Object.defineProperty(file, 'size', { value: size });
    transfer.items.add(file);
    Object.defineProperty(DataTransferItem.prototype, 'getAsFile', { value: () => file });
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
  }, limit + 1);
  for (const [name, reason] of [
    ['picture.png', 'Sluice does not read this format.'],
    ['nothing.txt', 'it is empty'],
    ['large.txt', 'this server takes at most'],
  ]) {
    await hasState(page, name, 'refused');
    await expect(uploadNamed(page, name)).toContainText(reason);
  }
  await expect(page.getByTestId('uploads')).toContainText('0 of 3 sent');
  expect(uploads.sent).toEqual([]);
});

test('three are sent at once, and a paused one keeps its place in the line', async ({ page }) => {
  const uploads = await holdUploads(page);
  await open(page, '/app/documents');
  await choose(page, ...named('1.txt', '2.txt', '3.txt', '4.txt', '5.txt'));
  await hasState(page, '3.txt', 'sending');
  await hasState(page, '4.txt', 'waiting');
  const pause = uploadNamed(page, '2.txt').getByRole('button', { name: 'Pause 2.txt' });
  await expect(pause).toHaveAttribute('title', /starts this file anew/);
  await pause.click();
  await hasState(page, '2.txt', 'paused');
  await hasState(page, '4.txt', 'sending');
  await uploadNamed(page, '2.txt').getByRole('button', { name: 'Resume 2.txt' }).click();
  await hasState(page, '2.txt', 'waiting');
  await uploads.letGo();
  await expect(page.getByTestId('uploads')).toContainText('5 of 5 sent');
  expect(uploads.sent.slice(3)).toEqual(['4.txt', '2.txt', '5.txt']);
  await expect(page.getByRole('status').filter({ hasText: 'Uploads are through: 5 taken in' })).toHaveCount(1);
});

test('all are paused, resumed and cleared at once', async ({ page }) => {
  const uploads = await holdUploads(page);
  await open(page, '/app/documents');
  await choose(page, ...named('1.txt', '2.txt', '3.txt', '4.txt'));
  await page.getByRole('button', { name: 'Pause all' }).click();
  for (const name of ['1.txt', '4.txt']) await hasState(page, name, 'paused');
  await uploads.letGo();
  await page.getByRole('button', { name: 'Resume all' }).click();
  await expect(page.getByTestId('uploads')).toContainText('4 of 4 sent');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByTestId('uploads')).toBeHidden();
});

test('a cancelled file is not sent, and the focus goes to the next', async ({ page }) => {
  const uploads = await holdUploads(page);
  await open(page, '/app/documents');
  await choose(page, ...named('1.txt', '2.txt', '3.txt', '4.txt'));
  await uploadNamed(page, '4.txt').getByRole('button', { name: 'Cancel 4.txt' }).click();
  await uploadNamed(page, '1.txt').getByRole('button', { name: 'Cancel 1.txt' }).click();
  await expect(uploadNamed(page, '2.txt').getByRole('button', { name: 'Cancel 2.txt' })).toBeFocused();
  await expect(page.getByTestId('upload-item')).toHaveCount(2);
  await uploads.letGo();
  await expect(page.getByTestId('uploads')).toContainText('2 of 2 sent');
  expect(uploads.sent).not.toContain('4.txt');
});

test.describe('when the connection breaks', () => {
  test.use({ expectedComplaints: /ERR_FAILED/ });

  test('files are sent again, one by one or all that failed', async ({ page }) => {
    let broken = true;
    await page.route(INTAKE, (route) => (broken ? route.abort() : route.continue()));
    await open(page, '/app/documents');
    await choose(page, ...named('1.txt', '2.txt', '3.txt'));
    for (const name of ['1.txt', '2.txt', '3.txt']) {
      await hasState(page, name, 'failed');
      await expect(uploadNamed(page, name)).toContainText('The connection broke');
    }
    broken = false;
    await uploadNamed(page, '2.txt').getByRole('button', { name: 'Send again' }).click();
    await expect(page.getByTestId('uploads')).toContainText('1 of 3 sent');
    await page.getByRole('button', { name: 'Send failed again' }).click();
    await expect(page.getByTestId('uploads')).toContainText('3 of 3 sent');
  });
});

test.describe('leaving', () => {
  test('asks first while something is not sent', async ({ page }) => {
    await holdUploads(page);
    await open(page, '/app/documents');
    await choose(page, ...named('kept.txt'));
    const asked: string[] = [];
    page.on('dialog', async (dialog) => {
      asked.push(dialog.type());
      await dialog.dismiss();
    });
    await page.getByRole('link', { name: 'Preview' }).click({ noWaitAfter: true });
    await expect.poll(() => asked).toEqual(['beforeunload']);
    await hasState(page, 'kept.txt', 'sending');
    await expect(page).toHaveURL(/documents$/);
  });

  test('loses what was not sent, and the next page says what', async ({ page }) => {
    const hostile = '<img src=x onerror=alert(1)>\u202efdp.txt';
    const uploads = await holdUploads(page);
    await open(page, '/app/documents');
    await choose(page, ...named('a.txt', hostile, 'c.txt', 'd.txt'));
    await hasState(page, 'a.txt', 'sending');
    await page.reload();
    await isLive(page);
    const lost = page.getByTestId('uploads-lost');
    await expect(lost).toContainText('4 files had not been sent when the page was left');
    await expect(lost.getByRole('listitem')).toHaveText(['a.txt', hostile, 'c.txt', 'd.txt']);
    await uploads.letGo();
    await choose(page, ...named('a.txt'));
    await expect(lost).toContainText('3 files had not been sent');
    await lost.getByRole('button', { name: 'Dismiss' }).click();
    await expect(lost).toBeHidden();
    await page.reload();
    await isLive(page);
    await expect(page.getByTestId('uploads')).toBeHidden();
  });

  test('is told in its own tab only', async ({ page, context }) => {
    await holdUploads(page);
    await open(page, '/app/documents');
    await choose(page, ...named('a.txt'));
    await hasState(page, 'a.txt', 'sending');
    const other = await context.newPage();
    await open(other, '/app/documents');
    await expect(other.getByTestId('uploads')).toBeHidden();
    await page.reload();
    await expect(page.getByTestId('uploads-lost')).toContainText('1 file had not been sent');
  });

  test('asks nothing once all is taken in', async ({ page }) => {
    await open(page, '/app/documents');
    await choose(page, ...named('done.txt'), textFile('picture.png', 'no text'));
    await hasState(page, 'done.txt', 'taken');
    page.on('dialog', () => { throw new Error('the page asked'); });
    await page.getByRole('link', { name: 'Preview' }).click();
    await expect(page).toHaveURL(/preview$/);
    await expect(page.getByTestId('uploads')).toBeHidden();
  });
});

test('thousands of files are listed by the hundred', async ({ page }) => {
  await holdUploads(page);
  await open(page, '/app/documents');
  await page.evaluate(() => {
    const transfer = new DataTransfer();
    for (let number = 0; number < 12000; number += 1) transfer.items.add(new File(['text'], `${number}.txt`));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
  });
  await expect(page.getByTestId('uploads')).toContainText('0 of 12,000 sent');
  await expect(page.getByTestId('upload-item')).toHaveCount(100);
  await expect(page.getByTestId('uploads')).toContainText('and 11,900 more');
});

test('the panel folds, and has a name', async ({ page }) => {
  await open(page, '/app/documents');
  await choose(page, ...named('a.txt'));
  const panel = page.getByRole('region', { name: 'Uploads' });
  await expect(panel.getByTestId('upload-item')).toBeVisible();
  await panel.getByRole('button', { name: '1 of 1 sent', expanded: true }).click();
  await expect(panel.getByTestId('upload-item')).toBeHidden();
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });

  test('the panel is as wide as the window, whatever files are called', async ({ page }) => {
    await open(page, '/');
    await choose(page, ...named(`${'x'.repeat(200)}.txt`, `${'long '.repeat(2000)}.png`));
    await hasState(page, '.png', 'refused');
    await fitsTheWindow(page);
    expect((await page.getByTestId('uploads').boundingBox())?.width).toBe(360);
  });
});
