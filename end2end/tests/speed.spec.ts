// How fast the dashboard is, measured in the browser and printed. Only what is promised is asserted.

import type { CDPSession, Page } from '@playwright/test';
import { newWord } from './given';
import { isConnected, jobOf, open } from './pages';
import { expect, test } from './test';

// What Playwright records for a failure would be measured, too.
test.use({ trace: 'off', screenshot: 'off' });

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function devTools(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page);
}

test('the first load is small', async ({ page, given }) => {
  await given.pausedQueue();
  await given.textJobs(50, (number) => `text ${number}`);
  const network = await devTools(page);
  await network.send('Network.enable');
  const kinds = new Map<string, { kind: string; encoding: string }>();
  const bytes: Record<string, number> = {};
  network.on('Network.responseReceived', ({ requestId, type, response }) => {
    const kind = response.url.split('.').pop()?.match(/^(js|css|wasm|svg)$/)?.[0] ?? type;
    kinds.set(requestId, { kind, encoding: response.headers['content-encoding'] ?? 'none' });
  });
  network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId)?.kind ?? 'unknown';
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
  });
  await open(page, '/');
  await isConnected(page);
  const bundle = bytes.wasm + bytes.js + bytes.css;
  const encodings = [...kinds.values()].filter(({ kind }) => /wasm|js|css/.test(kind)).map(({ encoding }) => encoding);
  console.log(`first load of / with 50 jobs, bytes: wasm+js+css ${bundle} (${new Set(encodings).size === 1 ? encodings[0] : encodings}), ${JSON.stringify(bytes)}`);
  expect(new Set(encodings)).toEqual(new Set(['br']));
  expect(bundle).toBeLessThan(220_000);
});

test('measures how soon the page is live on a slow machine', async ({ page, given }) => {
  await given.pausedQueue();
  await given.textJobs(50, (number) => `text ${number}`);
  const processor = await devTools(page);
  await processor.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.documentElement.hasAttribute('data-hydrated')) return;
      observer.disconnect();
      Object.assign(window, { liveAt: performance.now() });
    }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-hydrated'] });
  });
  const liveAt = async () => {
    await open(page, '/');
    return page.evaluate(() => (window as unknown as { liveAt: number }).liveAt);
  };
  const first = await liveAt();
  const later: number[] = [];
  for (let load = 0; load < 5; load += 1) later.push(await liveAt());
  console.log(`from navigation to live, processor 4 times slower: first ${first.toFixed(0)} ms, median of 5 more ${median(later).toFixed(0)} ms`);
});

test('measures how soon a new job is on the screen after the server has taken it in', async ({ page, baseURL }) => {
  await open(page, '/');
  await isConnected(page);
  const waits: number[] = [];
  for (let number = 0; number < 10; number += 1) {
    // Asked from the page itself, so that one clock tells both moments.
    const wait = await page.evaluate(async ([address, text]) => {
      const seen = new Map<string, number>();
      const observer = new MutationObserver((changes) => {
        for (const added of changes.flatMap((it) => [...it.addedNodes])) {
          if (!(added instanceof Element)) continue;
          // A row may come with a new block around it.
          for (const row of [added, ...added.querySelectorAll('[data-job-id]')]) {
            const id = row.getAttribute('data-job-id');
            if (id) seen.set(id, performance.now());
          }
        }
      });
      observer.observe(document.querySelector('.job-rows') ?? document.body, { childList: true, subtree: true });
      const answer = await fetch(`${address}/ingest/text/async`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text_content: text }),
      });
      const { job_id: id } = await answer.json();
      const answered = performance.now();
      while (!seen.has(id)) await new Promise((done) => requestAnimationFrame(done));
      observer.disconnect();
      return (seen.get(id) ?? NaN) - answered;
    }, [baseURL ?? '', `about speed ${newWord()} ${number}`]);
    waits.push(wait);
  }
  console.log(`from the server's answer to the row on the screen: median ${median(waits).toFixed(0)} ms, most ${Math.max(...waits).toFixed(0)} ms`);
});

test('measures how much the page stutters while 200 jobs a second end, with 1000 on show', async ({ page, baseURL, given }) => {
  test.setTimeout(120_000);
  await given.changeQueue({ max_concurrent_jobs: 8 });
  const post = (text: string) =>
    fetch(`${baseURL}/ingest/text/async`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text_content: text }),
    }).then((answer) => answer.json() as Promise<{ job_id: string }>);
  for (let number = 0; number < 1000; number += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, place) => post(`before ${number + place}`)));
  }
  await open(page, '/?limit=1000');
  await isConnected(page);
  await expect(page.getByTestId('job')).toHaveCount(1000);
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((it) => it.duration))).observe({ type: 'longtask' });
  });
  const begun = Date.now();
  const posted: Promise<{ job_id: string }>[] = [];
  while (Date.now() - begun < 5000) {
    for (const due = (Date.now() - begun) / 5; posted.length < due; ) posted.push(post(`during ${posted.length}`));
    await new Promise((done) => setTimeout(done, 10));
  }
  const last = (await Promise.all(posted)).at(-1)?.job_id ?? '';
  await expect(jobOf(page, last)).toHaveAttribute('data-status', 'completed', { timeout: 30_000 });
  const seconds = (Date.now() - begun) / 1000;
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  console.log(
    `${posted.length} jobs ended in ${seconds.toFixed(1)} s with 1000 rows: ${tasks.length} tasks over 50 ms, ` +
      `longest ${Math.max(0, ...tasks).toFixed(0)} ms, together ${tasks.reduce((sum, it) => sum + it, 0).toFixed(0)} ms`,
  );
});
