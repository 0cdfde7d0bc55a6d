import { describe, expect, it } from 'vitest';
import { desiredPush } from '../testing/desired.ts';
import { afterCursor, cursorAfter, type ListedPush, type PushFilter, pushFilter } from './push-query.ts';

const youtube: ListedPush = {
  push: desiredPush({
    id: 'yt',
    stream: 'cam1',
    url: 'rtmp://a.rtmp.youtube.com/live2/secret-key-0001',
    options: { labels: { owner: 'Ann' } },
  }),
  status: 'retry',
  worker: 'w1',
};
const twitch: ListedPush = {
  push: desiredPush({
    id: 'tw',
    stream: 'cam2/hd',
    url: 'rtmps://live.twitch.tv/app/secret-key-0002',
    options: { comment: 'Main channel', pool: 'edge' },
  }),
  status: 'running',
  worker: 'w2',
};
const found = (filter: PushFilter): string[] => [youtube, twitch].filter(pushFilter(filter)).map(({ push }) => push.id);

describe('pushFilter', () => {
  it.each<[filter: PushFilter, ids: string[]]>([
    [{}, ['yt', 'tw']],
    [{ status: 'retry' }, ['yt']],
    [{ status: 'retry, running' }, ['yt', 'tw']],
    [{ stream: 'cam1' }, ['yt']],
    [{ stream: 'cam' }, []],
    [{ worker: 'w2' }, ['tw']],
    [{ q: 'youtube' }, ['yt']],
    [{ q: 'main' }, ['tw']],
    [{ q: 'OWNER' }, ['yt']],
    [{ q: 'status:running host:twitch' }, ['tw']],
    [{ q: 'status:retry host:twitch' }, []],
    [{ q: 'host:tv' }, ['tw']],
    [{ q: 'stream:cam*' }, ['yt', 'tw']],
    [{ q: 'stream:cam2/*' }, ['tw']],
    [{ q: 'stream:cam' }, []],
    [{ q: 'pool:edge' }, ['tw']],
    [{ q: 'protocol:rtmps' }, ['tw']],
    [{ q: 'secret-key' }, []],
    [{ q: 'host:(.*' }, []],
  ])('%j finds %j', (filter, ids) => {
    expect(found(filter)).toEqual(ids);
  });
});

describe('a cursor', () => {
  it('goes on after the last push of the page, even when that one is gone', () => {
    const isAfter = afterCursor(cursorAfter(desiredPush({ stream: 'b', id: '5' })));
    const ids = ['a/9', 'b/4', 'b/5', 'b/6', 'c/1'].filter((name) => {
      const [stream, id] = name.split('/');
      return isAfter(desiredPush({ stream: stream!, id: id! }));
    });
    expect(ids).toEqual(['b/6', 'c/1']);
  });

  it('is refused when it is not one of ours', () => {
    expect(() => afterCursor('rubbish')).toThrow('cursor must be');
  });
});
