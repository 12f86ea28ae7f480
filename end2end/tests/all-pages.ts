// Every page with something on it, by a name to tell it in a failure.

import type { Given } from './given';
import { textFile } from './given';

/** The running job is there to look at for some seconds. */
export async function allPages(given: Given): Promise<Record<string, string>> {
  const text = await given.text('The water of a river runs over gates into locks.', { author: 'Ada Lovelace' });
  const batch = await given.halfFailedJob();
  const failed = await given.failedJob();
  const warned = await given.filesJob(textFile('alt.txt', Buffer.from('Größe und Höhe stimmen. '.repeat(9), 'latin1')));
  await given.reaches(warned, 'completed');
  const cancelled = await given.cancelledJob('about what was not meant so');
  const running = await given.runningJob();
  const pending = await given.textJob('about waiting');
  return {
    'the dashboard': '/',
    'a state': '/?status=completed',
    'a state without jobs': '/?status=cancelled&before=00000000-0000-7000-8000-000000000000',
    'what needs attention': '/?attention=true',
    'a filter with tokens': '/?q=river&job_type=text_ingestion&since=24h&activity=week',
    'jobs with warnings': '/?warnings=true',
    'nothing that matches': '/?q=zzyzx',
    'the page of a running job': `/app/jobs/${running}`,
    'the page of a pending job': `/app/jobs/${pending}`,
    'the page of a completed job': `/app/jobs/${text}`,
    'the page of a batch': `/app/jobs/${batch}`,
    'the failed items of a batch': `/app/jobs/${batch}?items=failed`,
    'the page of a failed job': `/app/jobs/${failed}`,
    'the page of a cancelled job': `/app/jobs/${cancelled}`,
    'the documents': '/app/documents',
    'a document': `/app/documents/${await given.documentOf(text)}`,
    'an empty search': '/app/search',
    'an answer': '/app/search?q=gates+into+locks',
    'nothing found': '/app/search?q=zzyzx',
    'a preview': '/app/preview',
    'no such page': '/app/nothing-here',
  };
}
