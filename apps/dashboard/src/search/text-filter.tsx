import { CloseButton, TextInput } from '@mantine/core';
import { useRef } from 'react';
import { Icon } from '../icons.tsx';
import { useShortcut } from '../shell/shortcuts.ts';

export interface TextFilterProps {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** The search of a page that is not about pushes. `/` goes here, Escape empties it. */
export function TextFilter({ label, placeholder, value, onChange }: TextFilterProps) {
  const input = useRef<HTMLInputElement>(null);
  useShortcut('/', () => input.current?.focus());
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        onChange('');
        event.currentTarget.blur();
      }}
      leftSection={<Icon name="search" size={15} />}
      rightSection={
        value === '' ? null : <CloseButton size="sm" aria-label="Clear the search" onClick={() => onChange('')} />
      }
      style={{ flex: '1 1 220px', maxWidth: 420 }}
      size="xs"
      styles={{ input: { fontSize: 13, height: 32 } }}
    />
  );
}
