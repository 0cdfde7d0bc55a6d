import { Button } from '@mantine/core';
import { useElementSize, useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useMemo, useRef, useState } from 'react';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import { liveStore } from '../live/live-store.ts';
import { useFleet, useRowsVersion, useStreamsVersion } from '../live/use-live.ts';
import { SelectionBar } from '../pushes/selection-bar.tsx';
import { SearchBox } from '../search/search-box.tsx';
import { setFilter, useFilter } from '../search/use-filter.ts';
import { useStableList } from '../search/use-stable-list.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { loadedWhenShown } from '../shell/on-demand.tsx';
import { AddPushButton } from '../target/add-push-button.tsx';
import { StreamItem } from './stream-item.tsx';
import { isStreamItem, itemKey, listStreams } from './stream-list.ts';
import { StreamPushItem } from './stream-push-item.tsx';
import styles from './streams.module.css';

const FirstPush = loadedWhenShown(async () => (await import('./first-push.tsx')).FirstPush);

/** Fleets of this size show all pushes at once; bigger ones begin with the streams alone. */
const OPEN_UP_TO = 24;
const heights = { desk: { stream: 46, push: 46 }, phone: { stream: 66, push: 68 } } as const;

/** Each stream with its input and one indicator per push: what is on air, what is not, and why. */
export function StreamsPage() {
  const filter = useFilter();
  const isFleetKnown = useFleet() !== undefined;
  const { isOpen, toggle, setAll, openCount } = useOpenStreams();
  const rowsVersion = useRowsVersion();
  const streamsVersion = useStreamsVersion();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the versions stand for what the store holds
  const list = useMemo(
    () => listStreams({ streams: liveStore.streams, pushesOf: (name) => liveStore.pushesOf(name), filter, isOpen }),
    [filter, isOpen, rowsVersion, streamsVersion],
  );
  const items = useStableList(list.items);
  const isEmpty = isFleetKnown && liveStore.streams.size === 0;
  if (isEmpty) return <FirstPush />;
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1 className="visually-hidden">Streams</h1>
        <SearchBox />
        <span className={styles.found}>
          {formatPlural(list.streamCount, 'stream', 'streams')} · {formatPlural(list.pushes.length, 'push', 'pushes')}
        </span>
        <span className={styles.spacer} />
        <Button variant="default" onClick={() => setAll(openCount === 0)} className={styles.deskOnly}>
          {openCount === 0 ? 'Expand all' : 'Collapse all'}
        </Button>
        <AddPushButton />
      </div>
      {items.length > 0 || !isFleetKnown ? (
        <VirtualStreams items={items} isOpen={isOpen} onToggle={toggle} />
      ) : (
        <NothingFits />
      )}
      <SelectionBar />
    </div>
  );
}

interface VirtualStreamsProps {
  readonly items: ReturnType<typeof listStreams>['items'];
  readonly isOpen: (stream: string) => boolean;
  readonly onToggle: (stream: string) => void;
}

function VirtualStreams({ items, isOpen, onToggle }: VirtualStreamsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize<HTMLUListElement>();
  const isPhone = useMediaQuery('(max-width: 760px)', false, { getInitialValueInEffect: false });
  const height = heights[isPhone ? 'phone' : 'desk'];
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (isStreamItem(items[index]!) ? height.stream : height.push),
    getItemKey: (index) => items[index]!,
    overscan: 8,
  });
  const room = isPhone ? width - 64 : width - 920;
  return (
    <div ref={scroller} className={styles.scroller}>
      <div className={styles.head} aria-hidden="true">
        <span className={styles.headStream}>Stream</span>
        <span>Input</span>
        <span>Pushes</span>
        <span className={styles.number}>Bitrate</span>
        <span className={styles.number}>Uptime</span>
        <span className={styles.number}>Retries</span>
      </div>
      <ul ref={ref} aria-label="Streams" className={styles.list} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ key, index, start, size }) => {
          const item = items[index]!;
          const name = itemKey(item);
          const place = { transform: `translateY(${start}px)`, height: size };
          return isStreamItem(item) ? (
            <StreamItem key={key} name={name} isOpen={isOpen(name)} onToggle={onToggle} room={room} place={place} />
          ) : (
            <StreamPushItem key={key} id={name} place={place} />
          );
        })}
      </ul>
    </div>
  );
}

function NothingFits() {
  return (
    <EmptyState title="Nothing fits the filter" icon="search">
      <Button
        variant="default"
        mt={8}
        leftSection={<Icon name="close" size={14} />}
        onClick={() => setFilter({ query: '', statuses: new Set() })}
      >
        Show everything
      </Button>
    </EmptyState>
  );
}

/** Which streams show their pushes. Small fleets all, until somebody closes one. */
function useOpenStreams() {
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [isOpenFirst, setOpenFirst] = useState<boolean>();
  const fleet = useFleet();
  if (isOpenFirst === undefined && fleet !== undefined) setOpenFirst(liveStore.rows.size <= OPEN_UP_TO);
  const byDefault = isOpenFirst ?? false;
  const isOpen = useCallback((name: string) => byDefault !== changed.has(name), [byDefault, changed]);
  const toggle = useCallback((name: string) => setChanged((before) => before.symmetricDifference(new Set([name]))), []);
  const setAll = useCallback((open: boolean) => {
    setOpenFirst(open);
    setChanged(new Set());
  }, []);
  const openCount = [...liveStore.streams.keys()].filter(isOpen).length;
  return { isOpen, toggle, setAll, openCount };
}
