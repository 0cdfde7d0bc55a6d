// What may be said about pushes and streams on the wire: API bodies, intake jobs, desired state, and the config file after reading.
// The schemas hold no defaults: an absent field stays absent, so that a patch cannot switch on what someone switched off.
import { z } from 'zod';
import {
  booleanField,
  choiceField,
  integerField,
  labelsField,
  nullishFields,
  optionalFields,
  passwordField,
  patternField,
  secondsField,
  strictObject,
  textField,
  urlField,
} from './fields.ts';
import { headersField, headerValueField } from './headers.ts';
import { inputUrlProblem, pushUrlProblem } from './schemes.ts';

/** BullMQ's `attempts` is a 32-bit number; its highest value stands for endless. */
export const MAX_RETRY_LIMIT = 2_147_483_646;
const MAX_LABELS = 32;
/** Segments of letters, digits, `.`, `-` and `_`, joined by single slashes; none is `.` or `..`, which paths give a meaning of their own. */
const STREAM_NAME = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** Kinds of HLS targets, see `hls_profile`. */
const hlsProfiles = ['auto', 'generic', 'akamai', 'youtube', 's3'] as const;
const hlsMethods = ['put', 'post'] as const;

const pushOptionShape = {
  // Flussonic counts whole seconds; tenths are for targets that are known to come back at once.
  retry_timeout: secondsField('retry_timeout', 0.1, 86_400).meta({
    description: 'Seconds between attempts. Default 5.',
  }),
  retry_limit: integerField('retry_limit', 1, MAX_RETRY_LIMIT, ', or null for endless').nullable().meta({
    description: 'Failed attempts in a row until the push gives up; null is endless. Default endless.',
  }),
  disabled: booleanField('disabled').meta({
    description: 'Paused: nothing is sent, all settings stay. Default false.',
  }),
  timeout: secondsField('timeout', 0, 86_400).nullable().meta({
    description: 'Seconds after the source has stopped until the target is let go; null is never. Default never.',
  }),
  connect_timeout: secondsField('connect_timeout', 0.1, 300).meta({
    description: 'Seconds for DNS, TCP, TLS and handshake up to the acceptance by the target. Default 5.',
  }),
  comment: textField('comment', 1000).meta({ description: 'Free text.' }),
  pool: patternField('pool', /^[a-z0-9-]{1,32}$/, '1 to 32 lower-case letters, digits or "-"').meta({
    description: 'Workers that may hold the push. Default "default".',
  }),
  hls_profile: choiceField('hls_profile', hlsProfiles).meta({
    description: 'Rules of the HLS target; auto goes by the host of the URL. Default auto.',
  }),
  hls_method: choiceField('hls_method', hlsMethods).meta({
    description: 'How segments and playlists are uploaded. Default put.',
  }),
  hls_delete: booleanField('hls_delete').nullable().meta({
    description:
      'Segments that have left the playlist are deleted at the target; null is as the profile has it. Default null.',
  }),
  s3_region: patternField('s3_region', /^[a-z0-9-]{0,32}$/, 'at most 32 lower-case letters, digits or "-"').meta({
    description: 'Region to sign uploads to S3 for. Default: the one in the host name.',
  }),
};

const labelValue = textField('label', 255);
const pushShape = {
  ...pushOptionShape,
  labels: labelsField(labelValue, MAX_LABELS).meta({ description: 'Names and texts to select pushes by.' }),
  headers: headersField(headerValueField()).meta({
    description: 'Header fields added to every HTTP request to the target. The values are secrets and shown as ***.',
  }),
};
const pushUrl = urlField('url', pushUrlProblem).meta({ description: 'Target, for example rtmp://HOST/APP/KEY.' });
const streamName = patternField(
  'name',
  STREAM_NAME,
  'letters, digits, ".", "-" and "_", with single slashes between them',
).max(255, { error: 'name must be at most 255 characters' });

export const pushOptionsSchema = strictObject('a push', optionalFields(pushShape));

/** A push: its target and its options. */
export const pushSpecSchema = strictObject('a push', { url: pushUrl, ...optionalFields(pushShape) });

/** A change of a push, RFC 7396: null takes an option back to its default, an absent one stays as it is. */
export const pushPatchSchema = strictObject('a push', {
  url: pushUrl.optional(),
  ...nullishFields(pushOptionShape),
  labels: labelsField(labelValue.nullable(), MAX_LABELS).nullish(),
  headers: headersField(headerValueField().nullable()).nullish(),
});

const streamOptionShape = {
  inputs: z
    .array(urlField('input', inputUrlProblem), { error: 'inputs must be a list of URLs' })
    .max(16, { error: 'inputs must be at most 16' })
    .meta({ description: 'Sources in order of priority, for example publish://.' }),
  segment_count: integerField('segment_count', 1, 1000).meta({
    description: 'Segments in the live playlist of an HLS push. Default 6.',
  }),
  segment_duration: secondsField('segment_duration', 0.1, 300).meta({
    description: 'Seconds of a segment of an HLS push. Default 6.',
  }),
  source_timeout: secondsField('source_timeout', 0.1, 3600).meta({
    description:
      'Seconds of silence of an input after which the next one is taken. Default: PUSHFLEET_SOURCE_TIMEOUT of the worker.',
  }),
  password: passwordField('password', 255).meta({ description: 'Asked from whoever publishes the stream to us.' }),
  disabled: booleanField('disabled').meta({ description: 'Neither read nor pushed. Default false.' }),
  title: textField('title', 255).meta({ description: 'Name for people.' }),
  comment: textField('comment', 1000).meta({ description: 'Free text.' }),
};

/** A stream, its inputs and its pushes. */
export const streamSpecSchema = strictObject('a stream', {
  name: streamName,
  ...optionalFields(streamOptionShape),
  pushes: z.array(pushSpecSchema, { error: 'pushes must be a list' }).optional(),
});

/** A change of a stream, RFC 7396; its pushes are changed by themselves. */
export const streamPatchSchema = strictObject('a stream', nullishFields(streamOptionShape));

export type PushOptions = z.infer<typeof pushOptionsSchema>;
export type PushSpec = z.infer<typeof pushSpecSchema>;
export type PushPatch = z.infer<typeof pushPatchSchema>;
export type StreamPatch = z.infer<typeof streamPatchSchema>;
export type StreamSpec = z.infer<typeof streamSpecSchema>;
