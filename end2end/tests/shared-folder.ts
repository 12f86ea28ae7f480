import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Made once for each run: Playwright's workers inherit the variable.
if (!process.env.SLUICE_SHARED) {
  const made = mkdtempSync(join(tmpdir(), 'sluice-end2end-'));
  process.env.SLUICE_SHARED = made;
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
}

/** A folder that the server under test may read: large files need no upload from there. */
export const sharedFolder = process.env.SLUICE_SHARED;
