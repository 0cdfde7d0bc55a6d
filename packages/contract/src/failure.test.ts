import { PublishError } from '@pushfleet/protocols';
import { describe, expect, it } from 'vitest';
import { formatFailure, parseFailure, redactedMessage } from './failure.ts';

const hideName = (text: string) => text.replaceAll('name', '***');

describe('the text of a failure', () => {
  const error = new PublishError('rtmp_badname', 'NetStream.Publish.BadName: name is taken');

  it('hides secrets in what the peer said, and leaves our own sentence whole', () => {
    expect(redactedMessage(error, hideName)).toBe(
      'The name is already being published at the target. (NetStream.Publish.BadName: *** is taken)',
    );
  });

  it('can be taken apart again', () => {
    const text = formatFailure(error, (shown) => shown);
    expect(parseFailure(text)).toEqual({ code: 'rtmp_badname', message: error.message });
  });

  it.each(['Missing lock for job 7', 'constructor: is no code', ''])(
    'counts as internal when somebody else wrote it: %s',
    (text) => {
      expect(parseFailure(text)).toEqual({ code: 'internal', message: text });
    },
  );
});
