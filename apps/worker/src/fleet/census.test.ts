import { expect, it } from 'vitest';
import { takeCensus } from './census.ts';

const jobs = [
  { jobId: 'held', token: 'me:1' },
  { jobId: 'forgotten', token: 'me:2' },
  { jobId: 'others', token: 'peer:1' },
  { jobId: 'theirs too', token: 'peer:2' },
  { jobId: 'orphan', token: 'vanished:1' },
];
const me = { id: 'me', holds: (jobId: string) => jobId === 'held' };

it('suspects what is locked by nobody who lives, or by this worker without being held', () => {
  const { suspects, forgetful } = takeCensus(jobs, me, new Map([['peer', 2]]));
  expect(suspects.map(({ jobId }) => jobId)).toEqual(['forgotten', 'orphan']);
  expect(forgetful).toEqual([]);
});

it('tells which other workers have locked more than they hold', () => {
  expect(takeCensus(jobs, me, new Map([['peer', 1]])).forgetful).toEqual(['peer']);
});

it('judges only the locks of this worker while nobody knows who lives', () => {
  const { suspects, forgetful } = takeCensus(jobs, me, undefined);
  expect(suspects.map(({ jobId }) => jobId)).toEqual(['forgotten']);
  expect(forgetful).toEqual([]);
});
