import { navigate } from 'wouter/use-browser-location';
import { streamPath } from '../shell/routes.ts';
import { AddPushForm } from '../target/add-push-form.tsx';
import styles from './first-push.module.css';

/** Where there is nothing yet: what a push is, and the form of the first one. */
export function FirstPush() {
  return (
    <div className={styles.first}>
      <div className={styles.text}>
        <h1>Push your first stream</h1>
        <p>A push copies one live stream to one target and keeps it there: it connects again when the target fails.</p>
        <ol>
          <li>Name a stream. It waits for somebody to publish it.</li>
          <li>Say where it goes: a service and its key, or any URL.</li>
          <li>
            Publish to a worker, with OBS or with
            <pre className="mono">ffmpeg -re -i clip.mp4 -c copy -f flv rtmp://WORKER:1935/NAME</pre>
          </li>
        </ol>
        <p>
          Streams that are pulled, and many of them at once, belong into a <a href="/config">configuration</a>.
        </p>
      </div>
      <div className={styles.card}>
        <AddPushForm onDone={(stream) => navigate(streamPath(stream, 'output'))} />
      </div>
    </div>
  );
}
