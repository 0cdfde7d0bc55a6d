import { Button, Loader } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Icon } from '../icons.tsx';
import styles from './preview.module.css';
import type { PreviewState } from './preview-player.ts';

export interface PreviewProps {
  readonly stream: string;
  readonly isLive: boolean;
}

/** The stream as it is now, muted. It costs the worker one more reader, so it plays only when somebody asks for it. */
export function Preview({ stream, isLive }: PreviewProps) {
  const [isOn, setOn] = useState(false);
  return (
    <section className={styles.preview} aria-label="Preview">
      {isOn ? (
        <Player stream={stream} onStop={() => setOn(false)} />
      ) : (
        <div className={styles.poster}>
          {isLive ? (
            <Button
              variant="default"
              size="sm"
              leftSection={<Icon name="play" size={15} />}
              onClick={() => setOn(true)}
            >
              Play preview
            </Button>
          ) : (
            <span>No input</span>
          )}
        </div>
      )}
    </section>
  );
}

function Player({ stream, onStop }: { readonly stream: string; readonly onStop: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<PreviewState>({ phase: 'loading' });
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another player
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    let stop = (): void => {};
    let isGone = false;
    setState({ phase: 'loading' });
    // Loaded when it is needed: the player is bigger than the rest of the page.
    void import('./preview-player.ts').then(({ startPreview }) => {
      if (!isGone) stop = startPreview(stream, element, setState);
    });
    return () => {
      isGone = true;
      stop();
    };
  }, [stream, attempt]);
  return (
    <>
      <video
        ref={video}
        className={styles.video}
        muted
        playsInline
        controls={state.phase === 'playing'}
        aria-label={`Preview of ${stream}`}
      />
      {state.phase === 'loading' && (
        <div className={styles.over}>
          <Loader size="sm" color="white" />
        </div>
      )}
      {state.phase === 'failed' && (
        <div className={styles.over} role="alert">
          <p>{state.message}</p>
          <Button variant="default" onClick={() => setAttempt(attempt + 1)}>
            Try again
          </Button>
        </div>
      )}
      <button type="button" className={styles.stop} onClick={onStop} aria-label="Stop the preview">
        <Icon name="close" size={15} />
      </button>
    </>
  );
}
