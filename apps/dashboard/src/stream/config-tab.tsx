import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { StreamRow } from '@pushfleet/contract/live';
import { useQuery } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import { removeStream } from '../api/commands.ts';
import { streamQuery } from '../api/queries.ts';
import { CopyText } from '../copy/copy-text.tsx';
import { asConfigBlock, asConfigLine } from '../copy/push-text.ts';
import { formatPlural } from '../format/bitrate.ts';
import { Icon } from '../icons.tsx';
import { Ago } from '../push/push-figures.tsx';
import { loadedWhenOpened } from '../shell/on-demand.tsx';
import { tellDone, tellFailure } from '../shell/toasts.tsx';
import styles from './stream.module.css';

const EditStreamDialog = loadedWhenOpened(async () => (await import('./edit-stream-dialog.tsx')).EditStreamDialog);

const origins: Readonly<Record<StreamRow['origin'], string>> = {
  file: 'the config file',
  api: 'the API',
  intake: 'the intake queue',
};

/** The stream as a config file would have it, and who owns it. */
export function ConfigTab({ stream }: { readonly stream: StreamRow }) {
  const { data } = useQuery(streamQuery(stream.name));
  const pushes = data?.pushes ?? [];
  return (
    <div className={styles.narrow}>
      <p>
        This stream comes from <b>{origins[stream.origin]}</b>, made <Ago at={stream.created_at} />.{' '}
        {stream.origin === 'file' &&
          'Change it in the file, it is read again at once. Its pushes can be paused and resumed here; that survives a reload.'}
      </p>
      <CopyText label="Config" text={asConfigBlock(stream, pushes.map(asConfigLine))} />
      <p className={styles.quiet}>Secrets are masked: *** stands for them.</p>
      {stream.origin !== 'file' && (
        <Group gap="xs">
          <EditStream stream={stream} />
          <RemoveStream name={stream.name} pushCount={pushes.length} />
        </Group>
      )}
    </div>
  );
}

function EditStream({ stream }: { readonly stream: StreamRow }) {
  const [isOpen, { open, close }] = useDisclosure();
  return (
    <>
      <Button variant="default" leftSection={<Icon name="edit" size={14} />} onClick={open}>
        Edit stream
      </Button>
      <EditStreamDialog stream={stream} isOpen={isOpen} onClose={close} />
    </>
  );
}

function RemoveStream({ name, pushCount }: { readonly name: string; readonly pushCount: number }) {
  const [isOpen, { open, close }] = useDisclosure();
  async function remove() {
    close();
    try {
      await removeStream(name);
      tellDone('Stream removed', name);
      navigate('/');
    } catch (error) {
      tellFailure('Could not remove the stream', error);
    }
  }
  return (
    <>
      <Button color="red" variant="light" leftSection={<Icon name="trash" size={14} />} onClick={open}>
        Remove stream
      </Button>
      <Modal opened={isOpen} onClose={close} title={`Remove ${name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
        <Text size="sm">
          The stream and {formatPlural(pushCount, 'push', 'pushes')} of it are gone at once, with URLs, keys and
          settings.
        </Text>
        <Group justify="flex-end" mt={18}>
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red" onClick={() => void remove()}>
            Remove stream and {formatPlural(pushCount, 'push', 'pushes')}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
