// Names, texts and metadata come from outside. Whatever is in them is shown, and does nothing.

import type { Page } from '@playwright/test';
import { newWord, textFile, type Given } from './given';
import { isLive, search, widthBeyondWindow } from './pages';
import { expect, test } from './test';

const HOSTILE: Record<string, string> = {
  'a script': `</title></textarea><script>window.pwned='script'</script>`,
  'an image': `<img src=x onerror="window.pwned='image'"><svg onload="window.pwned='svg'">`,
  'an attribute': `" autofocus onfocus="window.pwned='attribute'" x='`,
  'an address': `javascript:window.pwned='address'`,
  'a template': '{{constructor.constructor("window.pwned=1")()}} ${window.pwned=1} <!--#exec--> <!--',
  'another direction': 'invoice \u202Egnp.exe\u2066 \u202B \u05D0\u05D1',
  'ten thousand letters': 'w'.repeat(10_000),
  'emoji': '👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 \u{1F9FF}'.repeat(20),
  'control characters': 'bell\u0007 escape\u001b[31m delete\u007f next\u0085 line\u2028 zero\u200b\ufeff',
};

/** What the server takes as a file's name: no separators or control characters, and at most 255 bytes. */
function fileName(...parts: string[]): string {
  const name = parts.join('').replaceAll('/', '∕').replace(/\p{Cc}/gu, ' ');
  const [, stem, ending] = /^(.*)(\.\w+)$/su.exec(name) ?? [];
  const letters = [...stem];
  while (Buffer.byteLength(letters.join('') + ending) > 255) letters.pop();
  return letters.join('') + ending;
}

/** Jobs whose name, text, metadata, file name and error have this in them; returns what to look at. */
async function pagesWith(given: Given, word: string, hostile: string): Promise<string[]> {
  const text = await given.text(`${word} ${hostile}\n\nThe ${word} says: ${hostile}`, { [`${word} ${hostile}`.slice(0, 200)]: hostile, author: hostile });
  const names = [fileName(word, hostile, '.txt'), fileName(hostile, word, '.md')];
  const batch = await given.filesJob(textFile(names[0], `about ${word} ${hostile}`), textFile(names[1], ' \n'));
  await given.reaches(batch, 'completed');
  const failed = await given.failedJob(names[0]);
  return [
    `/?q=${word}`,
    '/?attention=true',
    `/?q=${encodeURIComponent(`${word} ${hostile}`.slice(0, 1500))}`,
    `/app/jobs/${text}`,
    `/app/jobs/${batch}`,
    `/app/jobs/${failed}`,
    '/app/documents',
    `/app/documents/${await given.documentOf(text)}`,
    `/app/search?q=${word}`,
    `/app/search?q=${encodeURIComponent(`${word} ${hostile}`.slice(0, 1500))}`,
  ];
}

/** Nothing ran, nothing was built of it, nothing is wider than the window, and no word beside it is turned around. */
async function isHarmless(page: Page, where: string): Promise<void> {
  expect(await page.evaluate(() => (window as { pwned?: unknown }).pwned), where).toBe(undefined);
  await expect(page.locator('main script, main img, main [onerror], main [onload], main [onfocus], main a[href^="javascript:"]'), where).toHaveCount(0);
  expect.soft(await widthBeyondWindow(page), `pixels beyond the window: ${where}`).toBe(0);
  expect(await page.evaluate(turnedAround), where).toEqual([]);
}

/** Texts that can turn around what stands after them in the same line. */
function turnedAround(): string[] {
  const found: string[] = [];
  const texts = document.createTreeWalker(document.querySelector('main') ?? document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    if (!text.textContent?.includes('\u202E')) continue;
    let element = text.parentElement;
    const isolates = (it: Element) => /isolate|plaintext/.test(getComputedStyle(it).unicodeBidi);
    while (element && getComputedStyle(element).display === 'inline' && !isolates(element)) element = element.parentElement;
    if (!element || isolates(element) || !element.checkVisibility()) continue;
    const after = document.createRange();
    after.setStartAfter(text);
    after.setEndAfter(element.lastChild ?? text);
    if (after.toString().trim()) found.push(`${element.outerHTML.slice(0, 120)}: ${after.toString().trim().slice(0, 40)}`);
  }
  return found;
}

for (const [name, hostile] of Object.entries(HOSTILE)) {
  test(`${name} is shown on every page and does nothing`, async ({ page, given }) => {
    test.setTimeout(90_000);
    const dialogs: string[] = [];
    page.on('dialog', async (dialog) => {
      dialogs.push(dialog.message());
      await dialog.dismiss();
    });
    const word = newWord();
    for (const path of await pagesWith(given, word, hostile)) {
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(path);
        await isLive(page);
        await isHarmless(page, `${path.slice(0, 60)} at ${width}`);
      }
    }
    expect(dialogs).toEqual([]);
  });
}

test('what arrives while the page is open is as harmless', async ({ page, given }) => {
  const word = newWord();
  await page.goto(`/?q=${word}`);
  await isLive(page);
  for (const [name, hostile] of Object.entries(HOSTILE)) {
    await given.text(`${word} ${hostile}`);
    await given.failedJob(fileName(word, hostile, '.txt'));
    await isHarmless(page, name);
  }
  await expect(page.getByTestId('job')).toHaveCount(2 * Object.keys(HOSTILE).length);
  await isHarmless(page, 'all of them');
});

test('a question about a hostile name, and the answer, are as harmless', async ({ page, given }) => {
  const word = newWord();
  const hostile = `${HOSTILE['an image']} ${HOSTILE['another direction']}`;
  await given.pausedQueue();
  const id = await given.textJob(`${word} ${hostile}`);
  await page.goto(`/?q=${word}`);
  await isLive(page);
  await page.getByTestId('cancel-job').click();
  await expect(page.getByRole('dialog')).toContainText('<img src=x');
  await page.getByTestId('confirm-cancel').click();
  await expect(page.getByTestId('toast')).toContainText('<img src=x');
  await expect(page.locator('dialog img, .toast img, main img')).toHaveCount(0);
  expect(await given.job(id)).toMatchObject({ status: 'cancelled' });
  await isHarmless(page, 'a toast');
});

test('a preview of hostile text is as harmless', async ({ page }) => {
  for (const [name, hostile] of Object.entries(HOSTILE)) {
    await page.goto('/app/preview');
    await isLive(page);
    await page.getByLabel('File').setInputFiles(textFile(fileName('name ', hostile, '.txt'), `A text. ${hostile}`));
    await page.getByTestId('preview-submit').click();
    await expect(page.getByTestId('chunk').first()).toContainText('A text.');
    await isHarmless(page, name);
  }
});

test('a search for hostile words is as harmless', async ({ page }) => {
  await page.goto('/app/search');
  for (const [name, hostile] of Object.entries(HOSTILE)) {
    await isLive(page);
    await search(page, hostile.slice(0, 1500));
    await isHarmless(page, name);
  }
});
