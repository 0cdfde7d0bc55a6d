import { Tabs } from '@mantine/core';
import { Link } from 'wouter';
import { navigate, usePathname } from 'wouter/use-browser-location';
import { formatBitrate, formatPlural } from '../format/bitrate.ts';
import { useFleet, useStream, useStreamPushes } from '../live/use-live.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { NotFoundPage } from '../shell/not-found-page.tsx';
import { streamPath } from '../shell/routes.ts';
import { InputLabel } from '../streams/input-label.tsx';
import { AddPushButton } from '../target/add-push-button.tsx';
import { ConfigTab } from './config-tab.tsx';
import { OutputTab } from './output-tab.tsx';
import { OverviewTab } from './overview-tab.tsx';
import styles from './stream.module.css';
import { parseStreamPath, type StreamTab } from './stream-route.ts';

/** One stream: what comes in, where it goes, and how it is set up. */
export function StreamPage() {
  const place = parseStreamPath(usePathname());
  return place === undefined ? <NotFoundPage /> : <OneStream key={place.name} {...place} />;
}

function OneStream({ name, tab }: { readonly name: string; readonly tab: StreamTab }) {
  const stream = useStream(name);
  const pushes = useStreamPushes(name);
  const isKnown = useFleet() !== undefined;
  if (stream === undefined) {
    if (!isKnown) return null;
    return (
      <EmptyState title={`There is no stream ${name}`} icon="streams">
        It may have been removed. Go back to the <Link href="/">streams</Link>.
      </EmptyState>
    );
  }
  const egress = pushes.reduce((sum, { bitrate_bps }) => sum + bitrate_bps, 0);
  return (
    <div className={styles.page}>
      <div className={styles.head}>
        <nav aria-label="Place" className={styles.crumbs}>
          <Link href="/">Streams</Link>
          <span aria-hidden="true">/</span>
        </nav>
        <h1>{name}</h1>
        {stream.title !== '' && <span className={styles.title}>{stream.title}</span>}
        <InputLabel stream={stream} />
        <span className={styles.egress}>{formatBitrate(egress)}</span>
        <AddPushButton stream={name} />
      </div>
      <Tabs
        value={tab}
        onChange={(next) => navigate(streamPath(name, (next ?? 'overview') as StreamTab))}
        keepMounted={false}
        className={styles.tabs}
      >
        <Tabs.List>
          <Tabs.Tab value="overview">Overview</Tabs.Tab>
          <Tabs.Tab value="output">Output · {formatPlural(pushes.length, 'push', 'pushes')}</Tabs.Tab>
          <Tabs.Tab value="config">Config</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="overview" className={styles.panel}>
          <OverviewTab stream={stream} pushes={pushes} />
        </Tabs.Panel>
        <Tabs.Panel value="output" className={styles.panel}>
          <OutputTab stream={name} pushes={pushes} />
        </Tabs.Panel>
        <Tabs.Panel value="config" className={styles.panel}>
          <ConfigTab stream={stream} />
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}
