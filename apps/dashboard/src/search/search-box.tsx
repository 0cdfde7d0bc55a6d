import { CloseButton, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Icon } from '../icons.tsx';
import { useShortcut } from '../shell/shortcuts.ts';
import { setFilter, useFilter } from './use-filter.ts';

const TYPING_MS = 120;

/** The search of a list; its words stand in the address. `/` goes here. */
export function SearchBox() {
  const { query } = useFilter();
  const [text, setText] = useState(query);
  const input = useRef<HTMLInputElement>(null);
  const typed = useRef(query);
  useShortcut('/', () => input.current?.focus());
  useEffect(() => {
    // Changed from elsewhere: by a link or by the way back.
    if (query !== typed.current) {
      typed.current = query;
      setText(query);
    }
  }, [query]);
  useEffect(() => {
    if (text.trim() === typed.current) return;
    const timer = setTimeout(() => {
      typed.current = text.trim();
      setFilter({ query: text.trim() });
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label="Search pushes"
      placeholder="status:retry host:youtube stream:cam* …   /"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          setText('');
          event.currentTarget.blur();
        }
      }}
      leftSection={<Icon name="search" size={15} />}
      rightSection={
        text === '' ? null : <CloseButton size="sm" aria-label="Clear the search" onClick={() => setText('')} />
      }
      style={{ flex: '1 1 280px', maxWidth: 520 }}
      size="xs"
      styles={{ input: { fontSize: 13, height: 32 } }}
    />
  );
}
