import { Button, Group, Modal, Text } from '@mantine/core';
import type { WorkerView } from '@pushfleet/contract';
import { formatPlural } from '../format/bitrate.ts';
import { useWorkers } from '../live/use-live.ts';
import { drainWorker } from './drain-actions.ts';
import { drainForecast, forecastText, leftWaiting } from './drain-forecast.ts';

export interface DrainDialogProps {
  readonly worker: WorkerView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Asks before a worker is drained: how many pushes move, and whether there is room for them. */
export function DrainDialog({ worker, isOpen, onClose }: DrainDialogProps) {
  const { workers } = useWorkers();
  const { name, pool, publications } = worker;
  const forecast = drainForecast(worker, workers);
  const isRisky = leftWaiting(forecast) > 0;
  const pushes = formatPlural(forecast.moving, 'push', 'pushes');
  return (
    <Modal opened={isOpen} onClose={onClose} title={`Drain ${name}?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" {...(isRisky && { c: 'var(--red)', fw: 600 })}>
        {forecastText(forecast, pool)}
      </Text>
      {forecast.moving > 0 && !isRisky && (
        <Text size="sm" mt={8}>
          Each one is handed over right before a key frame and goes on with the next picture at its new worker. No
          attempt is counted.
        </Text>
      )}
      {publications > 0 && (
        <Text size="sm" mt={8}>
          {formatPlural(publications, 'stream is', 'streams are')} published to it: publishers stay until they leave,
          and new ones are sent to other workers.
        </Text>
      )}
      <Text size="sm" mt={8} c="dimmed">
        It holds for the name {name}, also after a restart, until you undrain it.
      </Text>
      <Group justify="flex-end" mt={18}>
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button
          color={isRisky ? 'red' : 'blue'}
          onClick={() => {
            onClose();
            void drainWorker(name);
          }}
        >
          {forecast.moving === 0 ? 'Drain' : isRisky ? `Drain, and stop some of ${pushes}` : `Drain and move ${pushes}`}
        </Button>
      </Group>
    </Modal>
  );
}
