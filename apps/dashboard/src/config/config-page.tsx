import { Button, Tabs } from '@mantine/core';
import type { ConfigState } from '@pushfleet/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useRef, useState } from 'react';
import { toProblem } from '../api/problem.ts';
import { configStateQuery } from '../api/queries.ts';
import { Icon } from '../icons.tsx';
import { useParam } from '../search/use-filter.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { tellFailure } from '../shell/toasts.tsx';
import styles from './config.module.css';
import { fetchConfig } from './config-actions.ts';
import { ConfigEditor } from './config-editor.tsx';
import { ConfigHealth } from './config-health.tsx';
import type { ConfigTextHandle } from './config-text.tsx';
import { DiagnosticList } from './diagnostic-list.tsx';
import { Differences } from './differences.tsx';
import { ExportButton } from './export-button.tsx';

const ConfigText = lazy(async () => ({ default: (await import('./config-text.tsx')).ConfigText }));

/** The config text, what is wrong with it, and what differs from what runs. */
export function ConfigPage() {
  const { data: state, error } = useQuery(configStateQuery);
  const client = useQueryClient();
  const [base, setBase] = useState<string>();
  const close = () => {
    setBase(undefined);
    void client.invalidateQueries({ queryKey: configStateQuery.queryKey });
  };
  if (state === undefined) {
    if (error === null) return null;
    const problem = toProblem(error);
    return (
      <EmptyState title="The configuration cannot be shown" icon="errors">
        {problem.message} {problem.remedy}
      </EmptyState>
    );
  }
  return (
    <div className={styles.page}>
      <div className={styles.toolbar}>
        <h1>Config</h1>
        <Origin state={state} />
        {base === undefined && <ConfigHealth state={state} />}
        <span className={styles.spacer} />
        {state.source === 'api' && base === undefined && <EditButton onEdit={setBase} />}
        <ExportButton />
      </div>
      {base === undefined ? <ConfigView state={state} /> : <ConfigEditor base={base} onClose={close} />}
    </div>
  );
}

function Origin({ state: { source, file, revision } }: { readonly state: ConfigState }) {
  return (
    <span className={styles.origin}>
      {source === 'file' ? (
        <>
          <code>{file}</code>
          <span className={styles.readOnly} title="Change the file: it is read again at once.">
            <Icon name="lock" size={13} /> read-only here, the file has the last word
          </span>
        </>
      ) : (
        'set through the API and this page'
      )}
      <span>revision {revision}</span>
    </span>
  );
}

function EditButton({ onEdit }: { readonly onEdit: (base: string) => void }) {
  const [isBusy, setBusy] = useState(false);
  async function edit(): Promise<void> {
    setBusy(true);
    try {
      onEdit(await fetchConfig(true));
    } catch (error) {
      tellFailure('The configuration cannot be edited now', error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button variant="default" leftSection={<Icon name="edit" size={14} />} loading={isBusy} onClick={() => void edit()}>
      Edit
    </Button>
  );
}

function ConfigView({ state }: { readonly state: ConfigState }) {
  const [tab, setTab] = useParam('tab', 'text');
  const handle = useRef<ConfigTextHandle>(null);
  const { source, text, diagnostics, differences } = state;
  if (source === 'api' && text.trim() === '') return <NothingConfigured />;
  return (
    <Tabs value={tab} onChange={(value) => setTab(value ?? 'text')} keepMounted={false} className={styles.tabs}>
      <Tabs.List px={16}>
        <Tabs.Tab value="text">Text</Tabs.Tab>
        {source === 'file' && (
          <Tabs.Tab value="differences">
            {differences.length === 0 ? 'Differences' : `Differences (${differences.length})`}
          </Tabs.Tab>
        )}
      </Tabs.List>
      <Tabs.Panel value="text" className={styles.panel}>
        {diagnostics.length > 0 && (
          <DiagnosticList diagnostics={diagnostics} onGoTo={(line, column) => handle.current?.goTo(line, column)} />
        )}
        <div className={styles.text}>
          <Suspense>
            <ConfigText ref={handle} label="Configuration" text={text} diagnostics={diagnostics} />
          </Suspense>
        </div>
      </Tabs.Panel>
      <Tabs.Panel value="differences" className={styles.panel}>
        <Differences state={state} />
      </Tabs.Panel>
    </Tabs>
  );
}

function NothingConfigured() {
  return (
    <EmptyState title="No configuration is set" icon="config">
      <p>
        Streams and pushes that are made in this page or by the API need none. To keep them as text instead, press Edit
        and write, for instance:
      </p>
      <pre className={styles.example}>
        {'stream news {\n  input publish://;\n  push rtmp://a.example/live/KEY retry_limit=5;\n}'}
      </pre>
      <p>
        Or name a file in <code>PUSHFLEET_CONFIG</code>: then that file has the last word, and stands here.
      </p>
    </EmptyState>
  );
}
