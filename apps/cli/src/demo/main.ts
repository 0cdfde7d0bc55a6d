import { RECEIVER_HOST, RECEIVER_PORT, type ReceiverMessage } from './received.ts';
import { Receiver } from './receiver.ts';

// The local receiver of `pushfleet up --demo`, a process of its own: what a push sends really leaves the worker.

const receiver = new Receiver();
await receiver.listen(RECEIVER_PORT, RECEIVER_HOST);
process.send?.({ ready: true });

const reports = setInterval(() => {
  if (process.connected) process.send?.({ received: receiver.look() } satisfies ReceiverMessage);
}, 1000);

process.once('SIGTERM', () => {
  clearInterval(reports);
  receiver.close();
  process.disconnect?.();
});
