/** Rules of a kind of HLS target; `auto` goes by the host of the URL. */
export type HlsProfile = 'auto' | 'generic' | 'akamai' | 'youtube' | 's3';

/** What a push says about the way of delivery beyond its URL. A protocol looks at what concerns it. */
export interface DeliveryOptions {
  /** Length of an HLS segment, before it is rounded up to a group of pictures. */
  readonly segmentDurationMs: number;
  /** Segments in an HLS media playlist. */
  readonly segmentCount: number;
  readonly hlsProfile: HlsProfile;
  readonly hlsMethod: 'put' | 'post';
  /** Segments that have left the playlist are deleted at the target; undefined leaves it to the profile. */
  readonly hlsDelete: boolean | undefined;
  /** Fields added to the head of every HTTP request. Values may be secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** Region for AWS Signature Version 4; empty takes it from the host. */
  readonly s3Region: string;
}

export const defaultDelivery: DeliveryOptions = {
  segmentDurationMs: 6000,
  segmentCount: 6,
  hlsProfile: 'auto',
  hlsMethod: 'put',
  hlsDelete: undefined,
  headers: {},
  s3Region: '',
};
