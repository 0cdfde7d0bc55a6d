import { defaultDelivery, protocolFor } from '@pushfleet/protocols';
import { startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { type ConformancePeer, MOST_BYTES_OF_A_FEED } from './peer.ts';

/** nginx-rtmp, which records what it takes in. */
export const rtmpPeer: ConformancePeer = {
  protocol: protocolFor('rtmp://')!,
  delivery: defaultDelivery,
  mostPendingBytes: MOST_BYTES_OF_A_FEED,
  redirects: false,
  async start() {
    const nginx = await startNginxRtmp();
    return {
      port: nginx.port,
      target: (name, port = nginx.port) => `rtmp://127.0.0.1:${port}/live/${name}`,
      refused: { url: `${nginx.strictUrl}/any`, codes: ['target_refused'] },
      received: async (name) => nginx.recording(name),
      ended: async (name) => {
        await nginx.untilGone(name);
        return true; // nginx does not tell a goodbye from a close
      },
      keptBackFrames: 0,
      stop: () => nginx.stop(),
    };
  },
};
