// What a test starts from, brought about over the REST API.

import { appendFile, copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type APIRequestContext, type APIResponse } from '@playwright/test';
import { sharedFolder } from './shared-folder';

export type Status = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface Job {
  job_id: string;
  status: Status;
  attempt: number;
  progress: number;
  cancel_requested: boolean;
}

export interface Upload {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A word that no other test uses: what contains it comes from this test. */
export function newWord(): string {
  const letters = Array.from({ length: 12 }, () => String.fromCharCode(97 + Math.floor(Math.random() * 26)));
  return `zeb${letters.join('')}`;
}

export function textFile(name: string, text: string | Buffer): Upload {
  return { name, mimeType: 'text/plain', buffer: Buffer.from(text) };
}

/** Provides a file that Sluice works on for some seconds: long enough to look at it and to cancel it. */
export async function withLargeFile(use: (path: string) => Promise<void>): Promise<void> {
  const path = join(sharedFolder, 'large.txt');
  const part = prose(10_000_000);
  await writeFile(path, '');
  for (let size = 0; size < 600_000_000; size += part.length) await appendFile(path, part);
  await use(path);
  await rm(path);
}

/** Text of about so many bytes, with sentences, paragraphs, and as many different words as in books. */
export function prose(bytes: number): string {
  const common = 'the water of a river runs over gates into locks and on to mills by day and night'.split(' ');
  const paragraphs: string[] = [];
  for (let length = 0, number = 0; length < bytes; number += 1) {
    const word = common[number % common.length];
    const sentence = `Ship ${number % 50_000} waits at gate ${number % 977} while ${word} ${common.join(' ')}. `;
    const paragraph = sentence.repeat(3) + '\n\n';
    paragraphs.push(paragraph);
    length += paragraph.length;
  }
  return paragraphs.join('');
}

export class Given {
  constructor(
    private readonly api: APIRequestContext,
    private readonly largeFile: string,
  ) {}

  /** A text that is ingested and can be found. */
  async text(text: string, metadata: object = {}): Promise<string> {
    return idOf(await this.api.post('/ingest/text', { data: { text_content: text, metadata } }));
  }

  /** A text that was just taken in; its job waits or runs. */
  async textJob(text: string): Promise<string> {
    return idOf(await this.api.post('/ingest/text/async', { data: { text_content: text } }));
  }

  /** A file, or several in one job, just taken in. */
  async filesJob(...files: Upload[]): Promise<string> {
    const form = new FormData();
    for (const file of files) {
      form.append('file', new File([new Uint8Array(file.buffer)], file.name, { type: file.mimeType }));
    }
    return idOf(await this.api.post('/ingest/async', { multipart: form }));
  }

  /** A job that runs for some seconds. One job runs at a time, so that others stay pending meanwhile. */
  async runningJob(name = 'large.txt'): Promise<string> {
    const path = join(sharedFolder, name);
    if (path !== this.largeFile) await copyFile(this.largeFile, path);
    const id = await idOf(await this.api.post('/ingest', { data: { file_path: path } }));
    await this.reaches(id, 'running');
    return id;
  }

  async pendingJob(text: string): Promise<string> {
    await this.runningJob();
    return this.textJob(text);
  }

  /** A job that fails however often it is tried. */
  async failedJob(name = 'blank.txt'): Promise<string> {
    const id = await this.filesJob(textFile(name, ' \n \n'));
    await this.reaches(id, 'failed');
    return id;
  }

  async cancelledJob(text: string): Promise<string> {
    const id = await this.pendingJob(text);
    await this.cancel(id);
    await this.nothingRuns();
    return id;
  }

  async job(id: string): Promise<Job> {
    return (await this.api.get(`/jobs/${id}`)).json();
  }

  async reaches(id: string, status: Status): Promise<void> {
    await expect.poll(async () => (await this.job(id)).status, { timeout: 20_000 }).toBe(status);
  }

  async cancel(id: string): Promise<void> {
    expect((await this.api.delete(`/jobs/${id}`)).status()).toBe(200);
  }

  /** Cancels what waits or runs, until nothing does. */
  async nothingRuns(): Promise<void> {
    const unfinished = async () => {
      const jobs = [];
      for (const status of ['pending', 'running']) {
        const answer = await this.api.get(`/jobs?limit=1000&status=${status}`);
        jobs.push(...((await answer.json()).jobs as Job[]));
      }
      // It may end by itself meanwhile, so the answer does not matter.
      for (const job of jobs.filter((it) => !it.cancel_requested)) {
        await this.api.delete(`/jobs/${job.job_id}`);
      }
      return jobs.length;
    };
    await expect.poll(unfinished, { timeout: 20_000 }).toBe(0);
  }
}

async function idOf(answer: APIResponse): Promise<string> {
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).job_id;
}
