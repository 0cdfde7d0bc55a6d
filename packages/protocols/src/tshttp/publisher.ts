import { LAST_CHUNK } from '../http/chunk.ts';
import { UploadPublisher } from '../http/upload-publisher.ts';
import type { Publisher, PublisherDeps } from '../publisher/publisher.ts';
import { tsHttpWireFormat } from './packager.ts';
import type { TsHttpTarget } from './target.ts';

/** Publishes one stream to one server as MPEG-TS in one long POST. */
export function createTsHttpPublisher(target: TsHttpTarget, deps: PublisherDeps): Publisher {
  return new UploadPublisher({
    target,
    deps,
    wireFormat: tsHttpWireFormat(),
    fields: async () => [['Content-Type', 'video/mp2t']],
    farewell: () => LAST_CHUNK,
  });
}
