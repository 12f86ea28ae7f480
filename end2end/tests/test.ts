// The `test` of all specs: a page on which nothing may go wrong unnoticed, and what it starts from.

import { test as base, expect, type BrowserContext, type Page } from '@playwright/test';
import { Given, withLargeFile } from './given';

interface Fixtures {
  given: Given;
  /** A second window, of another person: it shares nothing with `page`. */
  otherPage: Page;
  /** Complaints of the browser that a test brings about on purpose. */
  expectedComplaints: RegExp | undefined;
}

export const test = base.extend<Fixtures, { largeFile: string }>({
  expectedComplaints: [undefined, { option: true }],

  largeFile: [async ({}, use) => withLargeFile(use), { scope: 'worker' }],

  context: async ({ context, expectedComplaints }, use) => {
    const complaints = complaintsOf(context);
    await use(context);
    expect(unexpected(complaints, expectedComplaints)).toEqual([]);
  },

  otherPage: async ({ browser, contextOptions, expectedComplaints }, use) => {
    const context = await browser.newContext(contextOptions);
    const complaints = complaintsOf(context);
    await use(await context.newPage());
    await context.close();
    expect(unexpected(complaints, expectedComplaints)).toEqual([]);
  },

  given: async ({ request, largeFile }, use) => {
    const given = new Given(request, largeFile);
    await use(given);
    await given.quiet();
  },
});

/** Errors and warnings of all pages: exceptions, failed requests, and what Leptos says of hydration. */
function complaintsOf(context: BrowserContext): string[] {
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  return complaints;
}

function unexpected(complaints: string[], expected: RegExp | undefined): string[] {
  return complaints.filter((complaint) => !expected?.test(complaint));
}

export { expect };
