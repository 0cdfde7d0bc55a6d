import { HttpReceiver } from './http-receiver.ts';
import {
  HTTP_RECEIVER_PORT,
  isRouteMessage,
  RECEIVER_HOST,
  type ReceiverMessage,
  RTMP_RECEIVER_PORT,
} from './received.ts';
import { RtmpReceiver } from './rtmp-receiver.ts';

// The local receivers of `pushfleet up --demo`, a process of their own: what a push sends really leaves the worker.

const rtmp = new RtmpReceiver();
const http = new HttpReceiver();
process.on('message', (message) => {
  if (isRouteMessage(message)) http.sendM4sTo(message.worker);
});
await rtmp.listen(RTMP_RECEIVER_PORT, RECEIVER_HOST);
await http.listen(HTTP_RECEIVER_PORT, RECEIVER_HOST);
process.send?.({ ready: true });

const reports = setInterval(() => {
  const received = [...rtmp.look(), ...http.look()];
  if (process.connected) process.send?.({ received } satisfies ReceiverMessage);
}, 1000);

process.once('SIGTERM', () => {
  clearInterval(reports);
  rtmp.close();
  http.close();
  process.disconnect?.();
});
