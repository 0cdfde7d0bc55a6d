import { Button, SegmentedControl } from '@mantine/core';
import { useCallback, useMemo } from 'react';
import { formatCount, formatPlural } from '../format/bitrate.ts';
import { download, fileTime } from '../format/download.ts';
import { Icon } from '../icons.tsx';
import { TextFilter } from '../search/text-filter.tsx';
import { useParam } from '../search/use-filter.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { type EventKind, eventKinds, eventTest, isEventKind } from './event-filter.ts';
import { toJsonLines } from './event-list.ts';
import { EventMark } from './event-mark.tsx';
import styles from './events.module.css';
import { useEvents } from './use-events.ts';
import { useHold } from './use-hold.ts';
import { VirtualEvents } from './virtual-events.tsx';

const kindWords: Readonly<Record<EventKind, string>> = {
  all: 'All',
  push: 'Pushes',
  stream: 'Streams',
  worker: 'Workers',
  target: 'Targets',
};

/** What happens in the fleet, newest first and live. */
export function EventsPage() {
  const { events, isKnown } = useEvents();
  const [kindText, setKind] = useParam('kind', 'all');
  const [query, setQuery] = useParam('find', '');
  const [level, setLevel] = useParam('level', 'all');
  const kind = isEventKind(kindText) ? kindText : 'all';
  const isProblemsOnly = level === 'problems';
  const fitting = useMemo(
    () => events.filter(eventTest({ kind, query, isProblemsOnly })),
    [events, kind, query, isProblemsOnly],
  );
  const { shown, newer, isHeld, hold, release } = useHold(fitting, `${kind} ${level} ${query}`);
  const showType = useCallback((type: string) => setQuery(`event:${type}`), [setQuery]);
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1 className="visually-hidden">Events</h1>
        <TextFilter
          label="Search events"
          placeholder="stream:news worker:fra* refused …   /"
          value={query}
          onChange={setQuery}
        />
        <SegmentedControl
          aria-label="Kind of events"
          size="xs"
          value={kind}
          onChange={setKind}
          data={eventKinds.map((value) => ({ value, label: kindWords[value] }))}
        />
        <Button
          variant={isProblemsOnly ? 'light' : 'default'}
          aria-pressed={isProblemsOnly}
          leftSection={<EventMark level="warning" />}
          onClick={() => setLevel(isProblemsOnly ? 'all' : 'problems')}
        >
          Problems only
        </Button>
        <span className={styles.spacer} />
        <span className={styles.found}>{formatPlural(shown.length, 'event', 'events')}</span>
        <Button
          variant={isHeld ? 'filled' : 'default'}
          leftSection={<Icon name={isHeld ? 'play' : 'pause'} size={14} />}
          onClick={isHeld ? release : hold}
          miw={98}
        >
          {isHeld ? 'Resume' : 'Pause'}
        </Button>
        <Button
          variant="default"
          leftSection={<Icon name="download" size={14} />}
          disabled={shown.length === 0}
          onClick={() =>
            download(`pushfleet-events-${fileTime(new Date())}.jsonl`, toJsonLines(shown), 'application/x-ndjson')
          }
        >
          JSONL
        </Button>
      </div>
      {shown.length > 0 || !isKnown ? (
        <VirtualEvents events={shown} isHeld={isHeld} onHold={hold} onType={showType} />
      ) : (
        <Nothing isEmpty={events.length === 0} />
      )}
      {isHeld && newer > 0 && (
        <button type="button" className={styles.newer} onClick={release}>
          {formatCount(newer)} new, show {newer === 1 ? 'it' : 'them'}
        </button>
      )}
    </div>
  );
}

function Nothing({ isEmpty }: { readonly isEmpty: boolean }) {
  return isEmpty ? (
    <EmptyState title="Nothing has happened yet" icon="events">
      Streams that begin and end, pushes that connect, retry and fail, workers that come and go, and who has changed
      what: it all stands here as it happens.
    </EmptyState>
  ) : (
    <EmptyState title="Nothing fits the filter" icon="search" />
  );
}
