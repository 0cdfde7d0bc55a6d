// The words of the config language: ours, and those of Flussonic that are read, kept and reported without effect.

/** Options of a `push` line that take a value. */
export const valuedPushOptions = [
  'retry_timeout',
  'retry_limit',
  'timeout',
  'connect_timeout',
  'comment',
  'pool',
  'hls_profile',
  'hls_method',
  'hls_delete',
  's3_region',
] as const;

/** Prefix of `labels.NAME=VALUE`, the form that labels have in the file. */
export const LABEL_PREFIX = 'labels.';

/** Prefix of `header.NAME=VALUE`, the form that `headers` have in the file. The values are secrets. */
export const HEADER_PREFIX = 'header.';

/** `header.NAME`, or the slip that is nearest at hand. */
export const isHeaderOption = (name: string): boolean => /^headers?\./i.test(name);

/** What stands for null in the file. */
export const nullWords: ReadonlyMap<string, string> = new Map([
  ['retry_limit', 'endless'],
  ['timeout', 'none'],
  ['hls_delete', 'auto'],
]);

/** Every option of a `push` line that means something to us; labels and headers are open-ended and not listed. */
export const pushOptions: ReadonlySet<string> = new Set([...valuedPushOptions, 'disabled']);

export const inputOptions: ReadonlySet<string> = new Set(['priority']);

/** Directives at the top of the file. */
export const globalDirectives: ReadonlySet<string> = new Set(['stream', 'template']);

/** Directives inside `stream` and `template`. `url` is the old word for `input`. */
export const streamDirectives: ReadonlySet<string> = new Set([
  'input',
  'url',
  'push',
  'segment_count',
  'segment_duration',
  'source_timeout',
  'password',
  'disabled',
  'title',
  'comment',
  'template',
]);

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Options of Flussonic's pushes over other protocols or with other muxers. */
export const foreignPushOptions = words(`
  domain encoder service provider bitrate vb pnr pids mpegts_ac3 passphrase streamid latency linger minversion version
  enforcedencryption multicast_loop standby deinterlace dthreads scale vbi_lines video_format volume genlock pixel_offset`);

export const foreignInputOptions = words(`
  source_timeout max_retry_timeout stats_period tracks via apts output_audio subtitles pids program deinterlace user_agent headers
  no_clients_reconnect_delay passphrase streamid latency linger minversion version enforcedencryption frames_timeout allow_if deny_if`);

export const foreignStreamDirectives = words(`
  static backup dvr transcoder drm on_publish on_play audio_timeout video_timeout clients_timeout retry_limit
  max_retry_timeout max_sessions recheck_secondary_inputs_interval chunk_duration prepush protocols playback_headers url_prefix
  add_audio_only mpegts_ac3 mpegts_pids input_media_info srt srt2 srt_publish srt2_publish srt_port_resolve thumbnails vision
  webrtc_abr transport epg_enabled hls_scte35 dvbocr labels meta provider logo position cluster_ingest auth no_prefix allowed_countries
  disallowed_countries domains soft_limitation source`);

export const foreignGlobalDirectives = words(`
  http https rtmp rtmps rtsp rtsps srt mysql snmp admin_http admin_https api edit_auth view_auth auth_backend auth_token cluster_key
  cluster_ingest peer source balancer event_sink notify dvr vod file cache iptv rproxy transponder dvb_card total_bandwidth cpu_limit
  channel_limit config_external central pulsedb loglevel logrequests letsencrypt ssl_certificate ssl_protocols url_prefix hls_auto
  live ondemand rewrite origin coder web plugin motion_detector on_play on_publish auth hostname server_id`);

/** What takes the place of a directive of Flussonic's in Pushfleet. */
export const replacements: ReadonlyMap<string, string> = new Map([
  ['http', 'the ports are set with PUSHFLEET_PORT and PUSHFLEET_HTTP_PORT'],
  ['rtmp', 'the port is set with PUSHFLEET_RTMP_PORT'],
  ['cluster_key', 'the key is set with PUSHFLEET_CLUSTER_KEY'],
  ['edit_auth', 'access to the API is set with PUSHFLEET_TOKEN'],
  ['source_timeout', 'write source_timeout SECONDS; beside the inputs: it holds for all of them'],
  ['loglevel', 'the level is set with LOG_LEVEL'],
]);

/** Directives whose first word is a URL. */
export const urlDirectives: ReadonlySet<string> = new Set(['push', 'input', 'url', 'backup']);

/** Directives all of whose words may be secrets. */
export const isSecretDirective = (name: string): boolean =>
  /^(?:password|(?:edit|view)_auth|\w*(?:key|token|secret))$/.test(name);

/** Options whose value may be a secret, wherever they stand. */
export const isSecretOption = (name: string): boolean => /pass|secret|token|key|auth|streamid|header/i.test(name);

/** Could be a word of the language, known or not, and is no piece of a key. */
export const looksLikeOption = (name: string): boolean => /^[a-z_]{1,32}$/.test(name);

/** These begin a directive wherever they stand first on a line; they never continue the line above. */
export const statementWords: ReadonlySet<string> = new Set(['stream', 'template', 'push', 'input']);

/** Names that begin a directive when they stand first on a line and are not indented more than the directive before. */
export const directiveNames: ReadonlySet<string> = new Set([
  ...globalDirectives,
  ...streamDirectives,
  ...foreignStreamDirectives,
  ...foreignGlobalDirectives,
]);
