/** One event of a text/event-stream body. */
export interface ServerSentEvent {
  /** Last id seen, to resume from; empty before the first. */
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/**
 * Takes a text/event-stream apart (WHATWG HTML §9.2.6). Comments, which servers send as a sign of life, are left out. Ends with the body;
 * an event that the body cuts off is dropped, as the standard asks.
 */
export async function* parseEventStream(body: AsyncIterable<Buffer | string>): AsyncGenerator<ServerSentEvent> {
  let id = '';
  let type = '';
  let data: string[] = [];
  for await (const line of lines(body)) {
    if (line === '') {
      if (data.length > 0) yield { id, type: type || 'message', data: data.join('\n') };
      type = '';
      data = [];
      continue;
    }
    const [, field, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'data') data.push(value ?? '');
    else if (field === 'event') type = value ?? '';
    else if (field === 'id' && !value?.includes('\0')) id = value ?? '';
  }
}

/** Lines end with CR LF, LF or CR, and any of them may fall between two reads. */
async function* lines(body: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += typeof bytes === 'string' ? bytes : decoder.decode(bytes, { stream: true });
    // A CR at the end may be half of a CR LF.
    const complete = rest.endsWith('\r') ? rest.slice(0, -1) : rest;
    const parts = complete.split(/\r\n|\n|\r/);
    rest = parts.pop()! + rest.slice(complete.length);
    yield* parts;
  }
}
