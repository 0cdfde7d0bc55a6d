// What may be said about pushes and streams on the wire: API bodies, intake jobs, desired state, and the config file after reading.
// The schemas hold no defaults: an absent field stays absent, so that a patch cannot switch on what someone switched off.
import { z } from 'zod';
import {
  booleanField,
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
import { inputUrlProblem, pushUrlProblem } from './schemes.ts';

/** BullMQ's `attempts` is a 32-bit number; its highest value stands for endless. */
export const MAX_RETRY_LIMIT = 2_147_483_646;
const MAX_LABELS = 32;
/** Segments of letters, digits, `.`, `-` and `_`, joined by single slashes; none is `.` or `..`, which paths give a meaning of their own. */
const STREAM_NAME = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

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
};

const labelValue = textField('label', 255);
const pushShape = {
  ...pushOptionShape,
  labels: labelsField(labelValue, MAX_LABELS).meta({ description: 'Names and texts to select pushes by.' }),
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
});

const streamShape = {
  inputs: z
    .array(urlField('input', inputUrlProblem), { error: 'inputs must be a list of URLs' })
    .max(16, { error: 'inputs must be at most 16' })
    .meta({ description: 'Sources in order of priority, for example publish://.' }),
  pushes: z.array(pushSpecSchema, { error: 'pushes must be a list' }),
  segment_count: integerField('segment_count', 1, 1000).meta({
    description: 'Segments in the live playlist of an HLS push. Default 6.',
  }),
  segment_duration: secondsField('segment_duration', 0.1, 300).meta({
    description: 'Seconds of a segment of an HLS push. Default 6.',
  }),
  password: passwordField('password', 255).meta({ description: 'Asked from whoever publishes the stream to us.' }),
  disabled: booleanField('disabled').meta({ description: 'Neither read nor pushed. Default false.' }),
  title: textField('title', 255).meta({ description: 'Name for people.' }),
  comment: textField('comment', 1000).meta({ description: 'Free text.' }),
};

/** A stream, its inputs and its pushes. */
export const streamSpecSchema = strictObject('a stream', { name: streamName, ...optionalFields(streamShape) });

export type PushOptions = z.infer<typeof pushOptionsSchema>;
export type PushSpec = z.infer<typeof pushSpecSchema>;
export type PushPatch = z.infer<typeof pushPatchSchema>;
export type StreamSpec = z.infer<typeof streamSpecSchema>;
