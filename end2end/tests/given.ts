// What a test starts from, brought about over the REST API.

import { appendFile, copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises';
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

/** As `GET /jobs` counts and lists them. */
export interface JobPage {
  jobs: Job[];
  total_count: number;
}

export interface QueueChange {
  paused?: boolean;
  max_concurrent_jobs?: number;
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
    return this.runs(path);
  }

  /** The same, for some times as long. */
  async longRunningJob(): Promise<string> {
    const folder = join(sharedFolder, newWord());
    await mkdir(folder);
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await link(this.largeFile, join(folder, name));
    return this.runs(folder);
  }

  private async runs(path: string): Promise<string> {
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

  /** A batch of which one item can be ingested and another cannot. */
  async halfFailedJob(word = newWord()): Promise<string> {
    const id = await this.filesJob(textFile(`${word}-good.txt`, `about ${word}`), textFile(`${word}-blank.txt`, ' \n'));
    await this.reaches(id, 'completed');
    return id;
  }

  async cancelledJob(text: string): Promise<string> {
    const { paused } = await this.queue();
    await this.changeQueue({ paused: true });
    const id = await this.textJob(text);
    await this.cancel(id);
    await this.changeQueue({ paused });
    return id;
  }

  /** So many texts, in the order of their numbers; they wait or run. */
  async textJobs(count: number, text: (number: number) => string): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < count; number += 1) ids.push(await this.textJob(text(number)));
    return ids;
  }

  /** Nothing that is taken in from now on is begun, until the test ends or says otherwise. */
  async pausedQueue(): Promise<void> {
    await this.changeQueue({ paused: true });
  }

  async queue(): Promise<{ paused: boolean; max_concurrent_jobs: number; running_slots: number; pending: number }> {
    return (await this.api.get('/queue')).json();
  }

  async changeQueue(change: QueueChange): Promise<void> {
    const answer = await this.api.patch('/queue', { data: change });
    expect(answer.status(), await answer.text()).toBe(200);
  }

  /** The jobs that `GET /jobs` finds, such as `status=failed`. */
  async jobs(parameters: string): Promise<JobPage> {
    const answer = await this.api.get(`/jobs?${parameters}`);
    expect(answer.status(), await answer.text()).toBe(200);
    return answer.json();
  }

  async job(id: string): Promise<Job> {
    return (await this.api.get(`/jobs/${id}`)).json();
  }

  /** The id of the document that a completed job of one text or file made. */
  async documentOf(job: string): Promise<string> {
    return (await (await this.api.get(`/jobs/${job}`)).json()).document_id;
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
      let count = 0;
      for (const status of ['pending', 'running']) {
        const answer = await this.api.post(`/jobs/cancel?status=${status}`);
        count += (await answer.json()).matched;
      }
      return count;
    };
    await expect.poll(unfinished, { timeout: 20_000 }).toBe(0);
  }

  /** What each test finds: nothing under way, and a queue of one slot that goes on. */
  async quiet(): Promise<void> {
    await this.nothingRuns();
    const { paused, max_concurrent_jobs } = await this.queue();
    if (paused || max_concurrent_jobs !== 1) await this.changeQueue({ paused: false, max_concurrent_jobs: 1 });
  }
}

async function idOf(answer: APIResponse): Promise<string> {
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()).job_id;
}
