import { Kbd, Modal } from '@mantine/core';
import { shortcuts } from './shortcuts.ts';

export interface HelpDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function HelpDialog({ isOpen, onClose }: HelpDialogProps) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Keyboard" closeButtonProps={{ 'aria-label': 'Close' }}>
      <table>
        <tbody>
          {shortcuts.map(({ key, what }) => (
            <tr key={key}>
              <td width={64}>
                <Kbd>{key}</Kbd>
              </td>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Modal>
  );
}
