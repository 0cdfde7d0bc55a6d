import { hlsPeer } from './hls-peer.ts';
import { describePublisher } from './publisher-conformance.ts';
import { rtmpPeer } from './rtmp-peer.ts';
import { m4sPeer, tshttpPeer } from './upload-peer.ts';

// A protocol more is a line more.
for (const peer of [rtmpPeer, tshttpPeer, hlsPeer, m4sPeer]) describePublisher(peer);
