import mpegts from 'mpegts.js';

export type PreviewState =
  | { readonly phase: 'loading' }
  | { readonly phase: 'playing' }
  | { readonly phase: 'failed'; readonly message: string };

/** Plays MPEG-TS out of one long request, close to live. Ends with the function that it gives. */
export function startPreview(
  stream: string,
  video: HTMLVideoElement,
  onState: (state: PreviewState) => void,
): () => void {
  if (!mpegts.getFeatureList().mseLivePlayback) {
    onState({ phase: 'failed', message: 'This browser cannot play live MPEG-TS: it has no Media Source Extensions.' });
    return () => {};
  }
  mpegts.LoggingControl.applyConfig({ enableAll: false });
  const url = `/api/v1/streams/${encodeURIComponent(stream)}/preview`;
  const player = mpegts.createPlayer(
    { type: 'mpegts', isLive: true, url },
    // A worker of the player would be a script of its own out of a blob, for what is little work.
    {
      enableWorker: false,
      liveBufferLatencyChasing: true,
      liveBufferLatencyMaxLatency: 2,
      autoCleanupSourceBuffer: true,
    },
  );
  let isOver = false;
  const fail = (message: string) => {
    if (!isOver) onState({ phase: 'failed', message });
  };
  player.on(mpegts.Events.ERROR, (type: string, detail: string, info: { code?: number; msg?: string } | undefined) =>
    fail(explain(type, detail, info)),
  );
  player.on(mpegts.Events.LOADING_COMPLETE, () => fail('The stream has ended.'));
  const onPlaying = () => onState({ phase: 'playing' });
  video.addEventListener('playing', onPlaying);
  player.attachMediaElement(video);
  player.load();
  // Muted, so no browser asks for a click first; a start that is cut short by the end is no failure.
  void Promise.resolve(player.play()).catch(() => {});
  return () => {
    isOver = true;
    video.removeEventListener('playing', onPlaying);
    player.destroy();
  };
}

function explain(type: string, detail: string, info: { code?: number; msg?: string } | undefined): string {
  if (type === mpegts.ErrorTypes.NETWORK_ERROR) {
    const status = info?.code ?? 0;
    if (status === 404 || status === 409 || status === 503) return 'No worker has this stream now.';
    if (status === 429) return 'Too many previews are open: close one of them, then try again.';
    return status > 0 ? `The scheduler refused the preview (status ${status}).` : 'The preview was cut off.';
  }
  if (detail === mpegts.ErrorDetails.MEDIA_CODEC_UNSUPPORTED || /codec/i.test(info?.msg ?? ''))
    return 'This browser cannot play the codecs of the stream. The pushes are not concerned.';
  return `The preview stopped: ${info?.msg ?? detail}.`;
}
