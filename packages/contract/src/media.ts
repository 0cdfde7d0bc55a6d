import { z } from 'zod';

/** One track of a stream, as the worker sees it that has the stream. */
export const trackInfoSchema = z.object({
  kind: z.enum(['video', 'audio']),
  codec: z.string().describe('for example h264, hevc, av1, aac, opus'),
  profile: z.string().describe('as RFC 6381 writes it, for example avc1.64001f; empty when unknown'),
  width: z.int().nullable(),
  height: z.int().nullable(),
  fps: z.number().nullable().describe('measured'),
  gop_ms: z.int().nullable().describe('time between the last two sync samples'),
  sample_rate: z.int().nullable(),
  channels: z.int().nullable(),
  bitrate_bps: z.int().describe('measured over the last seconds'),
});

/** What a stream carries now. */
export const mediaInfoSchema = z
  .object({
    worker: z.string().describe('where it was measured'),
    at: z.string(),
    bitrate_bps: z.int(),
    tracks: z.array(trackInfoSchema),
  })
  .meta({ id: 'MediaInfo' });
export type MediaInfo = z.infer<typeof mediaInfoSchema>;

/** One option of a push as it holds, and where it comes from. */
export const effectiveOptionSchema = z.object({
  name: z.string(),
  value: z.string().describe('as config text, secrets masked'),
  source: z
    .enum(['file', 'api', 'intake', 'default', 'override'])
    .describe('override: somebody has paused or resumed the push'),
});
