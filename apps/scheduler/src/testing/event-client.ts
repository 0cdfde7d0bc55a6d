import { request } from 'node:http';

export interface Message {
  id: string;
  event: string;
  data: string;
}

/** A client that reads events as they come. */
export function listenTo(port: number, path = '/api/v1/events', headers: Record<string, string> = {}) {
  const messages: Message[] = [];
  const client = request({ port, path, headers: { accept: 'text/event-stream', ...headers } });
  const opened = new Promise<number>((resolve) => client.once('response', (answer) => resolve(answer.statusCode!)));
  client.once('response', (answer) => {
    let text = '';
    answer
      .setEncoding('utf8')
      .on('error', () => {})
      .on('data', (part: string) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) {
          const fields = Object.fromEntries(
            block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          );
          if (fields.data !== undefined) messages.push(fields as unknown as Message);
        }
      });
  });
  client.on('error', () => {});
  client.end();
  return { messages, opened, close: () => client.destroy() };
}
