import { freeBox, LAST_SEGMENT, segmentType } from '../container/fmp4/segment-type.ts';
import { chunkOf, LAST_CHUNK } from '../http/chunk.ts';
import { fieldValue, type ResponseHead } from '../http/response-head.ts';
import { type KeepAlive, UploadPublisher } from '../http/upload-publisher.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Publisher, PublisherDeps } from '../publisher/publisher.ts';
import { m4sWireFormat } from './packager.ts';
import { formatSession, SESSION_FIELD, SESSION_OUTDATED } from './session.ts';
import type { M4sTarget } from './target.ts';

/** While there is no media a box without meaning goes out so often: a receiver that is gone shows, and one that is there knows that we are. */
const KEEP_ALIVE: KeepAlive = { chunk: chunkOf(freeBox()), everyMs: 2000 };
/** The stream is over, and not only this connection: nobody needs to wait for another. */
const FAREWELL: Buffer = Buffer.concat([chunkOf(segmentType('cmfl', LAST_SEGMENT)), LAST_CHUNK]);

/** Sends one stream as fragmented MP4 in one long HTTP request. DASH-IF Live Media Ingest v1.2, Interface 1, with all tracks in one body. */
export function createM4sPublisher(target: M4sTarget, deps: PublisherDeps): Publisher {
  const { memory } = deps;
  return new UploadPublisher({
    target,
    deps,
    wireFormat: m4sWireFormat(),
    fields: async () => {
      const epoch = await memory.nextEpoch().catch(Date.now); // epochs are times in ms, or less
      return [
        ['Content-Type', 'video/mp4'],
        ['DASH-IF-Ingest', '1.1'],
        [SESSION_FIELD, formatSession({ epoch, push: memory.id })],
      ];
    },
    explain: explainRefusal,
    farewell: (kind) => (kind === 'final' ? FAREWELL : LAST_CHUNK),
    keepAlive: KEEP_ALIVE,
  });
}

function explainRefusal(response: ResponseHead): PublishError | undefined {
  const isOutdated = response.status === 409 && fieldValue(response, SESSION_FIELD.toLowerCase()) === SESSION_OUTDATED;
  return isOutdated ? new PublishError('fenced', 'the target has had a later attempt') : undefined;
}
