import { PasswordInput, Stack, TextInput } from '@mantine/core';
import { useId } from 'react';
import { type Preset, presets } from './presets.ts';
import styles from './target.module.css';

export interface TargetInputProps {
  readonly preset: Preset;
  readonly onPreset: (id: string) => void;
  readonly values: Readonly<Record<string, string>>;
  readonly onValue: (name: string, value: string) => void;
  /** By field; shown once somebody has tried to go on, or has left the field. */
  readonly problems: Readonly<Record<string, string>>;
  /** What the API said about the URL. */
  readonly urlError: string | undefined;
}

/** Where to: a service and what it asks for, or any URL. */
export function TargetInput({ preset, onPreset, values, onValue, problems, urlError }: TargetInputProps) {
  const group = useId();
  return (
    <Stack gap="sm">
      <fieldset className={styles.presets}>
        <legend>Target</legend>
        {presets.map(({ id, name }) => (
          <label key={id} className={styles.preset} data-chosen={id === preset.id || undefined}>
            <input type="radio" name={group} value={id} checked={id === preset.id} onChange={() => onPreset(id)} />
            {name}
          </label>
        ))}
      </fieldset>
      <p className={styles.note}>{preset.note}</p>
      {preset.id === 'custom' ? (
        <TextInput
          label="URL"
          placeholder="rtmp://host/app/key"
          autoComplete="off"
          spellCheck={false}
          data-autofocus
          required
          value={values.url ?? ''}
          onChange={(event) => onValue('url', event.currentTarget.value)}
          error={urlError}
          classNames={{ input: styles.url }}
        />
      ) : (
        preset.fields.map(({ name, label, placeholder, hint, isSecret, isOptional }) => {
          const Field = isSecret ? PasswordInput : TextInput;
          return (
            <Field
              key={name}
              label={label}
              description={hint}
              placeholder={placeholder}
              autoComplete="off"
              required={!isOptional}
              value={values[name] ?? ''}
              onChange={(event) => onValue(name, event.currentTarget.value)}
              error={problems[name] ?? urlError}
            />
          );
        })
      )}
    </Stack>
  );
}
