import { redactUrl } from '@pushfleet/config';
import type { DesiredStream, LiveSource, PushView, StreamRow, StreamView } from '@pushfleet/contract';

/** The view of the API. Pure. `source`: who publishes the stream to the fleet, if anybody. */
export function streamView(stream: DesiredStream, pushes: PushView[], source: LiveSource | undefined): StreamView {
  const isSent = pushes.some(({ status }) => status === 'running');
  return { ...streamRow(stream, isSent, source), pushes };
}

/** The stream without its pushes. Pure. `isSent`: one of them runs. */
export function streamRow(stream: DesiredStream, isSent: boolean, source: LiveSource | undefined): StreamRow {
  const { spec } = stream;
  return {
    name: stream.name,
    title: spec.title ?? '',
    inputs: (spec.inputs ?? []).map(redactUrl),
    disabled: spec.disabled ?? false,
    origin: stream.origin,
    revision: stream.revision,
    status: streamStatus(stream, isSent, source),
    source:
      source === undefined ? null : { worker: source.workerName, publisher: source.publisher, since: source.since },
    segment_count: spec.segment_count ?? null,
    segment_duration: spec.segment_duration ?? null,
    source_timeout: spec.source_timeout ?? null,
    has_password: spec.password !== undefined,
    comment: spec.comment ?? '',
    created_at: stream.createdAt,
  };
}

/** A stream runs when somebody publishes it, or when one of its pushes has something to send. */
function streamStatus({ spec }: DesiredStream, isSent: boolean, source: LiveSource | undefined): StreamView['status'] {
  if (spec.disabled === true) return 'disabled';
  return source !== undefined || isSent ? 'running' : 'waiting';
}
