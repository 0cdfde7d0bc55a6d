import { Button, Checkbox, Popover, Stack } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { columnVisibilityFeature, createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, memo, useMemo, useRef, useState } from 'react';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import { useFleet, usePush } from '../live/use-live.ts';
import { PushButtons } from '../push/push-buttons.tsx';
import { SearchBox } from '../search/search-box.tsx';
import { setFilter, useFilter, useParam } from '../search/use-filter.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { AddPushButton } from '../target/add-push-button.tsx';
import { pointsAt } from './pointed-push.ts';
import { type PushColumnSpec, pushColumns } from './push-columns.tsx';
import styles from './pushes.module.css';
import { SelectBox } from './select-box.tsx';
import { SelectionBar } from './selection-bar.tsx';
import { DEFAULT_SORT, type Sort, usePushList } from './use-push-list.ts';

interface Line {
  readonly id: string;
}

const features = tableFeatures({ columnVisibilityFeature });
const helper = createColumnHelper<typeof features, Line>();
const columns = helper.columns(pushColumns.map(({ id, title }) => helper.display({ id, header: title })));
const specs = new Map(pushColumns.map((column) => [column.id, column]));
const defaultVisibility = Object.fromEntries(pushColumns.map(({ id, isShown }) => [id, isShown]));
const ROW_HEIGHT = 36;
/** Below this the table scrolls sideways. */
const SELECT_WIDTH = '28px';
const BUTTONS_WIDTH = '56px';

/** Every push of the fleet in one flat list, sorted by any column. */
export function PushesPage() {
  const filter = useFilter();
  const [sort, setSort] = useParam('sort', DEFAULT_SORT);
  const [isHeld, setHeld] = useState(false);
  const ids = usePushList(filter, sort, isHeld);
  const isFleetKnown = useFleet() !== undefined;
  const [visibility, setVisibility] = useLocalStorage({
    key: 'pushfleet.push-columns',
    defaultValue: defaultVisibility,
    getInitialValueInEffect: false,
  });
  const data = useMemo(() => ids.map((id): Line => ({ id })), [ids]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: ({ id }) => id,
    state: { columnVisibility: { ...defaultVisibility, ...visibility } },
    onColumnVisibilityChange: (change) =>
      setVisibility((before) => (typeof change === 'function' ? change({ ...defaultVisibility, ...before }) : change)),
  });
  const shown = table.getVisibleLeafColumns().map(({ id }) => specs.get(id)!);
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1 className="visually-hidden">Pushes</h1>
        <SearchBox />
        <span className={styles.found}>{formatPlural(ids.length, 'push', 'pushes')}</span>
        <span className={styles.spacer} />
        <Popover position="bottom-end" shadow="md">
          <Popover.Target>
            <Button variant="default" leftSection={<Icon name="columns" size={14} />}>
              Columns
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <Stack gap={6}>
              {table.getAllLeafColumns().map((column) => (
                <Checkbox
                  key={column.id}
                  size="xs"
                  label={specs.get(column.id)?.title}
                  checked={column.getIsVisible()}
                  onChange={column.getToggleVisibilityHandler()}
                />
              ))}
            </Stack>
          </Popover.Dropdown>
        </Popover>
        <AddPushButton />
      </div>
      {ids.length > 0 || !isFleetKnown ? (
        <VirtualPushes ids={ids} columns={shown} sort={sort} onSort={setSort} onHold={setHeld} />
      ) : (
        <EmptyState title="No push fits the filter" icon="search">
          <Button variant="default" mt={8} onClick={() => setFilter({ query: '', statuses: new Set() })}>
            Show everything
          </Button>
        </EmptyState>
      )}
      <SelectionBar />
    </div>
  );
}

interface VirtualPushesProps {
  readonly ids: readonly string[];
  readonly columns: readonly PushColumnSpec[];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  /** The pointer has come over the rows or has gone. */
  readonly onHold: (isHeld: boolean) => void;
}

function VirtualPushes({ ids, columns: shown, sort, onSort, onHold }: VirtualPushesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => ids[index]!,
    overscan: 10,
  });
  const template = [SELECT_WIDTH, ...shown.map(({ width }) => width), BUTTONS_WIDTH].join(' ');
  return (
    <div ref={scroller} className={styles.scroller}>
      <table
        className={styles.table}
        aria-label="Pushes"
        aria-rowcount={ids.length + 1}
        style={{ '--columns': template } as CSSProperties}
      >
        <thead>
          <tr className={styles.head} aria-rowindex={1}>
            <th>
              <SelectBox ids={ids} label="Select all pushes that fit" />
            </th>
            {shown.map((column) => (
              <SortHead key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
            <th>
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody
          style={{ height: virtualizer.getTotalSize() }}
          onMouseEnter={() => onHold(true)}
          onMouseLeave={() => onHold(false)}
        >
          {virtualizer.getVirtualItems().map(({ key, index, start }) => (
            <PushLine key={key} id={ids[index]!} index={index} start={start} columns={shown} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface SortHeadProps extends Pick<VirtualPushesProps, 'sort' | 'onSort'> {
  readonly column: PushColumnSpec;
}

function SortHead({ column: { id, title, isNumber }, sort, onSort }: SortHeadProps) {
  const isBy = sort === id || sort === `-${id}`;
  const isDown = sort === `-${id}`;
  return (
    <th data-number={isNumber} aria-sort={isBy ? (isDown ? 'descending' : 'ascending') : undefined}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => onSort(isBy ? (isDown ? id : `-${id}`) : isNumber ? `-${id}` : id)}
      >
        {isBy && <span aria-hidden="true">{isDown ? '↓ ' : '↑ '}</span>}
        {title}
      </button>
    </th>
  );
}

interface PushLineProps {
  readonly id: string;
  readonly index: number;
  /** Pixels from the top of the list. */
  readonly start: number;
  readonly columns: readonly PushColumnSpec[];
}

const PushLine = memo(({ id, index, start, columns: shown }: PushLineProps) => {
  const push = usePush(id);
  if (push === undefined) return null;
  return (
    <tr
      className={styles.row}
      aria-rowindex={index + 2}
      aria-label={`Push of ${push.stream} to ${push.url}`}
      data-status={push.status}
      style={{ transform: `translateY(${start}px)`, height: ROW_HEIGHT }}
      {...pointsAt(id)}
    >
      <td>
        <SelectBox ids={[id]} label={`Select the push of ${push.stream} to ${push.host}`} />
      </td>
      {shown.map((column) => (
        <td key={column.id} data-number={column.isNumber}>
          {column.cell(push)}
        </td>
      ))}
      <td className={styles.buttons}>
        <PushButtons push={push} />
      </td>
    </tr>
  );
});
