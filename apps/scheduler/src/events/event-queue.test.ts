import { describe, expect, it } from 'vitest';
import type { NumberedEvent } from './event-log.ts';
import { EventQueue } from './event-queue.ts';
import { compareStreamIds } from './stream-id.ts';

const event = (id: string, push = 'p'): NumberedEvent => ({ id, event: { event: 'push_started', at: '', push } });

async function ids(queue: EventQueue): Promise<string[]> {
  const seen: string[] = [];
  for await (const { id } of queue) seen.push(id);
  return seen;
}

describe('EventQueue', () => {
  it('hands over what is wanted, in order, to a reader that came later or waits', async () => {
    const queue = new EventQueue(({ event: { push } }) => push === 'p');
    queue.push(event('1-0'));
    queue.push(event('1-1', 'other'));
    const reading = ids(queue);
    await Promise.resolve();
    queue.push(event('2-0'));
    await new Promise(setImmediate);
    queue.close();
    expect(await reading).toEqual(['1-0', '2-0']);
  });

  it('says nothing twice that was read from the past', async () => {
    const queue = new EventQueue(() => true);
    for (const id of ['9-0', '9-1', '10-0']) queue.push(event(id));
    queue.skipTo('9-1');
    const reading = ids(queue);
    await new Promise(setImmediate);
    queue.close();
    expect(await reading).toEqual(['10-0']);
  });

  it('ends for a client that does not read, instead of growing without bound', async () => {
    const queue = new EventQueue(() => true);
    for (let i = 0; i < 6_000; i++) queue.push(event(`1-${i}`));
    expect((await ids(queue)).length).toBeLessThan(6_000);
  });
});

describe('compareStreamIds', () => {
  it('orders by time, then by number, whatever their lengths', () => {
    const sorted = ['10-0', '9-10', '9-9', '9', '1700000000000-1'].sort(compareStreamIds);
    expect(sorted).toEqual(['9', '9-9', '9-10', '10-0', '1700000000000-1']);
  });
});
