import { Button, Drawer, Loader, Tabs, Tooltip } from '@mantine/core';
import type { PushRow } from '@pushfleet/contract/live';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { pushQuery } from '../api/queries.ts';
import { formatBitrate, formatBytes, formatCount } from '../format/bitrate.ts';
import { formatLag } from '../format/time.ts';
import { Icon } from '../icons.tsx';
import { liveStore } from '../live/live-store.ts';
import { useFleet, usePush } from '../live/use-live.ts';
import { runAction, togglePause } from '../pushes/run-action.ts';
import { closePush, useOpenPush, useParam } from '../search/use-filter.ts';
import { streamPath } from '../shell/routes.ts';
import { useShortcut } from '../shell/shortcuts.ts';
import { StatusLabel } from '../status/status-label.tsx';
import { AttemptsTimeline } from './attempts-timeline.tsx';
import { EffectiveConfig } from './effective-config.tsx';
import { MediaTracks } from './media-info.tsx';
import { PushChart } from './push-chart.tsx';
import styles from './push-drawer.module.css';
import { PushEvents } from './push-events.tsx';
import { Retries, Uptime } from './push-figures.tsx';
import { ReasonBox } from './reason-box.tsx';
import { usePushDialogs } from './use-push-dialogs.tsx';

/** Everything about one push, beside whatever page is open: `?push=ID`. */
export function PushDrawer({ isOpen }: { readonly isOpen: boolean }) {
  const id = useOpenPush();
  const push = usePush(id ?? '');
  const isKnown = useFleet() !== undefined;
  return (
    <Drawer
      opened={isOpen}
      onClose={closePush}
      position="right"
      size={680}
      title={push === undefined ? 'Push' : `Push of ${push.stream}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
      overlayProps={{ backgroundOpacity: 0.25 }}
    >
      {push !== undefined && <PushPanel key={push.id} push={push} />}
      {push === undefined && isKnown && (
        <p className={styles.none}>There is no push with the id {id}: it has been removed.</p>
      )}
    </Drawer>
  );
}

function PushPanel({ push }: { readonly push: PushRow }) {
  const { data: detail } = useQuery(pushQuery(push.id, push.revision));
  const [tab, setTab] = useParam('view', 'now');
  const { open, dialogs } = usePushDialogs(push, closePush);
  const isPaused = push.desired === 'disabled';
  const isFile = push.origin === 'file';
  useShortcut('p', () => togglePause([push.id]));
  useShortcut('r', () => void runAction('restart', [push.id]));
  const fileNote = 'It belongs to the config file: change it there. Pausing and resuming works here.';
  return (
    <>
      <div className={styles.head}>
        <h2 className={styles.url}>{push.url}</h2>
        <div className={styles.title}>
          <StatusLabel {...push} />
          <Link href={streamPath(push.stream, 'output')}>{push.stream}</Link>
        </div>
        <div className={styles.actions}>
          <Button
            variant="default"
            leftSection={<Icon name={isPaused ? 'play' : 'pause'} size={14} />}
            onClick={() => togglePause([push.id])}
          >
            {isPaused ? 'Resume' : 'Pause'}
          </Button>
          <Button
            variant="default"
            disabled={isPaused}
            leftSection={<Icon name="restart" size={14} />}
            onClick={() => void runAction('restart', [push.id])}
          >
            Restart
          </Button>
          <Button variant="default" leftSection={<Icon name="test" size={14} />} onClick={() => open('test')}>
            Test target
          </Button>
          <Tooltip label={fileNote} disabled={!isFile} multiline maw={280}>
            <Button
              variant="default"
              disabled={isFile}
              leftSection={<Icon name="edit" size={14} />}
              onClick={() => open('edit')}
            >
              Edit
            </Button>
          </Tooltip>
          <Tooltip label={fileNote} disabled={!isFile} multiline maw={280}>
            <Button
              variant="light"
              color="red"
              disabled={isFile}
              leftSection={<Icon name="trash" size={14} />}
              onClick={() => open('remove')}
            >
              Remove
            </Button>
          </Tooltip>
        </div>
        <ReasonBox push={push} />
      </div>
      <Tabs value={tab} onChange={(value) => setTab(value ?? 'now')} keepMounted={false} mt={14}>
        <Tabs.List>
          <Tabs.Tab value="now">Now</Tabs.Tab>
          <Tabs.Tab value="attempts">Attempts</Tabs.Tab>
          <Tabs.Tab value="config">Config</Tabs.Tab>
          <Tabs.Tab value="events">Events</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="now" pt={14}>
          <Figures push={push} />
          <section className={styles.section}>
            <h3>Last three minutes</h3>
            <PushChart push={push.id} />
          </section>
          <section className={styles.section}>
            <h3>Media</h3>
            <MediaTracks stream={push.stream} />
          </section>
        </Tabs.Panel>
        <Tabs.Panel value="attempts" pt={14}>
          <AttemptsTimeline push={push} />
        </Tabs.Panel>
        <Tabs.Panel value="config" pt={14}>
          {detail === undefined ? <Loader size="sm" /> : <EffectiveConfig push={detail} />}
        </Tabs.Panel>
        <Tabs.Panel value="events" pt={14}>
          <PushEvents push={push.id} />
        </Tabs.Panel>
      </Tabs>
      {detail !== undefined && (
        <p className={styles.section}>
          <a
            href={`/queues/queue/${encodeURIComponent(detail.job.queue)}/${encodeURIComponent(detail.job.id)}`}
            target="_blank"
            rel="noreferrer"
          >
            Its job in Bull Board <Icon name="external" size={13} />
          </a>
        </p>
      )}
      {dialogs}
    </>
  );
}

function Figures({ push }: { readonly push: PushRow }) {
  const isConnected = push.status === 'running' || push.status === 'stalled';
  const figures: [string, ReactNode][] = [
    ['Bitrate', formatBitrate(push.bitrate_bps)],
    ['1 min', formatBitrate(liveStore.metrics.meanBitrateBps(push.id) ?? 0)],
    ['Uptime', <Uptime key="" {...push} />],
    ['Sent', formatBytes(push.bytes)],
    ['Lag', isConnected ? formatLag(push.lag_ms) : '–'],
    ['Queue', isConnected ? formatBytes(push.queue_bytes) : '–'],
    ['Dropped', formatCount(push.dropped_frames)],
    ['Retries', <Retries key="" {...push} />],
    ['Retry timeout', `${push.retry_timeout} s`],
    ['Limit', push.retry_limit ?? 'endless'],
    ['Timeout', push.timeout === null ? 'none' : `${push.timeout} s`],
    ['Worker', push.worker ?? '–'],
  ];
  return (
    <dl className={styles.figures}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
