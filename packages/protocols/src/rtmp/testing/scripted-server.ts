// A server that answers connect as a test says, accepts the rest, and remembers what it was told.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { AmfObject } from '../../bytes/amf0.ts';
import { ChunkReader, ChunkStreamId, serializeMessage } from '../wire/chunk.ts';
import { ServerHandshake } from '../wire/handshake.ts';
import { type Command, commandMessage, MessageType, parseCommand, type RtmpMessage } from '../wire/message.ts';

/** `accept`, or the status object of a refusal, or `silence`. */
export type ConnectAnswer = 'accept' | 'silence' | AmfObject;

export interface ScriptedServer {
  readonly port: number;
  readonly commands: readonly Command[];
  readonly media: readonly RtmpMessage[];
  /** Of all connections so far. */
  readonly sockets: readonly Socket[];
  stop(): void;
}

export async function startScriptedServer(onConnect: (command: AmfObject) => ConnectAnswer): Promise<ScriptedServer> {
  const commands: Command[] = [];
  const media: RtmpMessage[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    const say = (...command: Parameters<typeof commandMessage>): boolean =>
      socket.write(serializeMessage(commandMessage(...command), ChunkStreamId.command, 128));
    const answer = (command: Command): void => {
      const { name, transactionId, args } = command;
      commands.push(command);
      if (name === 'connect') {
        const reply = onConnect(args[0] as AmfObject);
        if (reply === 'accept')
          say('_result', transactionId, 0, null, { level: 'status', code: 'NetConnection.Connect.Success' });
        else if (reply !== 'silence') say('_error', transactionId, 0, null, reply);
      } else if (name === 'createStream') {
        say('_result', transactionId, 0, null, 1);
      } else if (name === 'publish') {
        say('onStatus', 0, 1, null, { level: 'status', code: 'NetStream.Publish.Start' });
      }
    };
    const reader = new ChunkReader({
      maxMessageBytes: 1 << 24,
      onMessage: (message) => {
        if (message.type === MessageType.command) answer(parseCommand(message));
        else if (message.type >= MessageType.audio) media.push(message);
      },
    });
    const handshake = new ServerHandshake();
    let isShaken = false;
    socket.on('data', (bytes: Buffer) => {
      if (isShaken) {
        reader.push(bytes);
        return;
      }
      const { send, done, rest } = handshake.push(bytes);
      socket.write(send);
      isShaken = done;
      if (done) reader.push(rest);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    media,
    sockets,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
