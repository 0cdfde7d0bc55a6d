/** Application and stream of an RTMP URL, put together to the name that the rest of the system uses. */
export interface StreamName {
  /** The application as the peer sent it, without its query. */
  readonly app: string;
  /** `news/live1`; empty when the URL names nothing. */
  readonly name: string;
  /** Queries of application and stream, joined by `&`, not decoded; they hold keys and tokens. */
  readonly query: string;
}

/** First path segments that are an application by convention, and never part of a name. */
const APPLICATIONS = new Set(['live', 'static', 'rtmp']);
/** The default application instance of FMS and Wowza, which some encoders append on their own. */
const DEFAULT_INSTANCE = '_definst_';
/** ffmpeg and Flash players put it before names that look like files. */
const FILE_PREFIX = /^(mp4|mp3|flv):/;
/** SRS clients may name a virtual host inside the application. */
const VIRTUAL_HOST = /\.\.\.vhost\.\.\..*$/;

/**
 * What a peer wants to publish or play: `app` of its connect, `stream` of its publish or play command. One segment is a name by itself,
 * whichever of the two it came in: `rtmp://host/NAME` reaches us as application NAME and stream "".
 */
export function resolveStreamName(app: string, stream: string): StreamName {
  const [appPath, appQuery] = splitQuery(app);
  const [streamPath, streamQuery] = splitQuery(stream.replace(FILE_PREFIX, ''));
  const segments = `${appPath.replace(VIRTUAL_HOST, '')}/${streamPath.replace(VIRTUAL_HOST, '')}`
    .split('/')
    .filter((segment) => segment !== '' && segment !== DEFAULT_INSTANCE);
  if (segments.length > 1 && APPLICATIONS.has(segments[0]!)) segments.shift();
  return {
    app: appPath,
    name: segments.join('/'),
    query: [appQuery, streamQuery].filter((query) => query !== '').join('&'),
  };
}

function splitQuery(path: string): [path: string, query: string] {
  const mark = path.indexOf('?');
  return mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)];
}
