import { describePublisher } from './publisher-conformance.ts';
import { rtmpPeer } from './rtmp-peer.ts';

// A protocol more is a line more.
for (const peer of [rtmpPeer]) describePublisher(peer);
