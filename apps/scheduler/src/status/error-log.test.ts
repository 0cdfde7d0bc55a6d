import { expect, it } from 'vitest';
import type { EventLog, NumberedEvent } from '../events/event-log.ts';
import { ErrorLog } from './error-log.ts';

const failure = (id: string): NumberedEvent => ({
  id,
  event: { event: 'push_retry', at: '2026-01-01T00:00:00Z', cause: 'dns', url: 'rtmp://a.example.com/live/x' },
});

/** `kept`: what Redis has of the events. `hear` is called by whoever follows them. */
function openLog(kept: readonly NumberedEvent[], whileRead = () => {}) {
  let hear: (event: NumberedEvent) => void = () => {};
  const events = {
    async *after() {
      yield [...kept];
      whileRead();
    },
  } as unknown as EventLog;
  const log = new ErrorLog(events, {
    subscribe: (listener) => {
      hear = listener;
      return () => true;
    },
  });
  return { log, hear: (event: NumberedEvent) => hear(event) };
}

it('counts what is kept and what comes, each event once, however late it is heard of', async () => {
  const kept = ['1-0', '2-0'].map(failure);
  const { log, hear } = openLog(kept, () => {
    for (const id of ['2-0', '3-0']) hear(failure(id));
  });
  expect(await log.kinds()).toMatchObject([{ code: 'dns', host: 'a.example.com', attempts: 3 }]);
  for (const id of ['1-0', '2-0', '4-0']) hear(failure(id));
  expect(await log.kinds()).toMatchObject([{ attempts: 4 }]);
});

it('keeps nothing of what comes before somebody asks', async () => {
  const { log, hear } = openLog([failure('9-0')]);
  for (const id of ['1-0', '2-0']) hear(failure(id)); // Redis keeps them no more
  expect(await log.kinds()).toMatchObject([{ attempts: 1 }]);
});
