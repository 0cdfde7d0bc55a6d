import type { StreamRow } from '@pushfleet/contract/live';
import { StatusShape } from '../status/status-shape.tsx';
import styles from './streams.module.css';

type InputFields = Pick<StreamRow, 'status' | 'source' | 'inputs'>;

const states = {
  running: { word: 'Live', shape: 'running' },
  waiting: { word: 'No input', shape: 'waiting' },
  disabled: { word: 'Disabled', shape: 'disabled' },
} as const;

/** Where the stream comes from, and whether anything comes. */
export function InputLabel({ stream }: { readonly stream: InputFields }) {
  const { word, shape } = states[stream.status];
  return (
    <span className={styles.input} data-status={stream.status}>
      <StatusShape status={shape} size={11} />
      <span className={styles.inputWord}>{word}</span>
      <span className={styles.inputFrom} title={stream.inputs.join('\n')}>
        {inputText(stream)}
      </span>
    </span>
  );
}

/** `from 10.0.0.7:51234 at w1`, `publish://`, or the URL that is pulled, with the number of the others. */
export function inputText({ source, inputs }: InputFields): string {
  if (source !== null) return `from ${source.publisher} at ${source.worker}`;
  const [first = 'none', ...others] = inputs;
  return others.length === 0 ? first : `${first} +${others.length}`;
}
