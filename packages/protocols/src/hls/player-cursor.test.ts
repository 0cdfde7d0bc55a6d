import { describe, expect, it } from 'vitest';
import { PlaylistCursor } from './player-cursor.ts';
import type { ListedSegment, MediaPlaylist } from './player-playlist.ts';

const segment = (sequence: number, more: Partial<ListedSegment> = {}): ListedSegment => ({
  url: `http://host/${sequence}.ts`,
  range: undefined,
  sequence,
  discontinuitySequence: 0,
  isDiscontinuity: false,
  isGap: false,
  key: undefined,
  map: undefined,
  ...more,
});

/** The segments from `first` to `last`; `changes` by sequence number. */
function playlist(
  first: number,
  last: number,
  { isEnded = false, changes = {} as Record<number, Partial<ListedSegment>> } = {},
) {
  const segments = Array.from({ length: last - first + 1 }, (_, index) =>
    segment(first + index, changes[first + index]),
  );
  return { kind: 'media', targetDurationMs: 6000, segments, isEnded } satisfies MediaPlaylist;
}

/** Sequence numbers that are taken; `j` behind one means that some were missed, `+n` the epoch where it is not 0. */
function taken(cursor: PlaylistCursor): string {
  const all: string[] = [];
  for (let next = cursor.take(); next !== undefined; next = cursor.take()) {
    all.push(`${next.segment.sequence}${next.isJump ? 'j' : ''}${next.epoch === 0 ? '' : `+${next.epoch}`}`);
  }
  return all.join(' ');
}

describe('PlaylistCursor', () => {
  it.each<[string, MediaPlaylist[], string[]]>([
    ['starts three segments before the live edge', [playlist(10, 20)], ['18 19 20']],
    ['starts with the first of a short playlist', [playlist(0, 1)], ['0 1']],
    ['plays an ended playlist from its beginning', [playlist(3, 8, { isEnded: true })], ['3 4 5 6 7 8']],
    ['starts when there is a first segment', [playlist(1, 0), playlist(1, 1)], ['', '1']],
    [
      'goes on strictly by number',
      [playlist(1, 5), playlist(2, 6), playlist(2, 6), playlist(5, 8)],
      ['3 4 5', '6', '', '7 8'],
    ],
    ['jumps to the oldest when it was left behind', [playlist(1, 5), playlist(10, 14)], ['3 4 5', '10j 11 12 13 14']],
    [
      'leaves out what a gap in the numbers leaves out',
      [playlist(1, 3), { ...playlist(3, 6), segments: [3, 4, 6].map((n) => segment(n)) }],
      ['1 2 3', '4 6j'],
    ],
    [
      'takes no step back for a playlist from a lazy cache',
      [playlist(10, 15), playlist(9, 14), playlist(11, 16)],
      ['13 14 15', '', '16'],
    ],
    [
      'starts anew when the numbers begin again',
      [playlist(100, 105), playlist(0, 2), playlist(0, 3)],
      ['103 104 105', '0+1 1+1 2+1', '3+1'],
    ],
    [
      'starts anew when an older playlist stays',
      [playlist(10, 15), playlist(6, 12), playlist(6, 12), playlist(6, 12)],
      ['13 14 15', '', '', '10+1 11+1 12+1'],
    ],
    [
      'counts discontinuities as the server does',
      [
        playlist(1, 3, {
          changes: {
            1: { discontinuitySequence: 7 },
            2: { discontinuitySequence: 8, isDiscontinuity: true },
            3: { discontinuitySequence: 8 },
          },
        }),
      ],
      ['1+7 2+8 3+8'],
    ],
    [
      'counts them itself when the server does not',
      [
        playlist(1, 3, {
          changes: { 2: { isDiscontinuity: true, discontinuitySequence: 1 }, 3: { discontinuitySequence: 1 } },
        }),
        playlist(3, 5, {
          changes: { 4: { isDiscontinuity: true, discontinuitySequence: 1 }, 5: { discontinuitySequence: 1 } },
        }),
      ],
      ['1 2+1 3+1', '4+2 5+2'],
    ],
  ])('%s', (_what, playlists, expected) => {
    const cursor = new PlaylistCursor();
    const parts = playlists.map((list) => {
      cursor.update(list);
      return taken(cursor);
    });
    expect(parts).toEqual(expected);
  });

  it('knows whether there is something new, and how much waits', () => {
    const cursor = new PlaylistCursor();
    expect(cursor.update(playlist(1, 5))).toBe(true);
    expect(cursor.waiting).toBe(3);
    cursor.take();
    expect(cursor.update(playlist(1, 5))).toBe(false);
    expect(cursor.waiting).toBe(2);
    expect(cursor.update({ ...playlist(1, 5), isEnded: true })).toBe(true);
  });
});
