import { Button, Group, Menu, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { download } from '../format/download.ts';
import { Icon } from '../icons.tsx';
import { tellFailure } from '../shell/toasts.tsx';
import { fetchConfig } from './config-actions.ts';

async function exportConfig(reveal: boolean): Promise<void> {
  try {
    download('pushfleet.conf', await fetchConfig(reveal), 'text/plain');
  } catch (error) {
    tellFailure('Could not export the configuration', error);
  }
}

/** What runs, as a file: with masked secrets, or in full after a question. */
export function ExportButton() {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="download" size={14} />}>
            Export .conf
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void exportConfig(false)}>Secrets masked</Menu.Item>
          <Menu.Item onClick={() => setAsking(true)}>With secrets, to keep or to move…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title="Export with secrets?"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Text size="sm">
          The file has every stream key and password in clear: whoever reads it can publish in your name. It can be used
          as a config file as it is.
        </Text>
        <Group justify="flex-end" mt={18}>
          <Button variant="default" onClick={() => setAsking(false)} data-autofocus>
            Cancel
          </Button>
          <Button
            onClick={() => {
              setAsking(false);
              void exportConfig(true);
            }}
          >
            Export with secrets
          </Button>
        </Group>
      </Modal>
    </>
  );
}
