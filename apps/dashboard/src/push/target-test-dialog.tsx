import { Modal } from '@mantine/core';
import { testTarget } from '../api/commands.ts';
import { TargetTest } from '../target/target-test.tsx';
import styles from './push.module.css';

export interface TargetTestDialogProps {
  readonly push: string;
  readonly url: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** A worker tries the target of a push; the push itself is left alone. */
export function TargetTestDialog({ push, url, isOpen, onClose }: TargetTestDialogProps) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Test target"
      size={560}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <p className={styles.testUrl}>{url}</p>
      {isOpen && <TargetTest run={() => testTarget(push)} />}
    </Modal>
  );
}
