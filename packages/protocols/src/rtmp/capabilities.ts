// What client and server tell each other about codecs. Enhanced RTMP v2, "Enhancing NetConnection connect command".
import type { AmfObject } from '../bytes/amf0.ts';
import { AUDIO_FOUR_CC, VIDEO_FOUR_CC } from '../container/flv/four-cc.ts';

/** FourCC info mask: can forward. We hand media on as they are. */
const CAN_FORWARD = 4;

const VIDEO = Object.values(VIDEO_FOUR_CC);
const AUDIO = Object.values(AUDIO_FOUR_CC);

/** `fourCcList` of v1: all that we carry. OBS and ffmpeg send it to every server, so it disturbs none. */
export const FOUR_CC_LIST: readonly string[] = [...VIDEO, ...AUDIO];

/** Properties of a player's connect command and of a server's answer: v1 reads the list, v2 the maps. */
export function enhancedCapabilities(): AmfObject {
  return { fourCcList: [...FOUR_CC_LIST], videoFourCcInfoMap: infoMap(VIDEO), audioFourCcInfoMap: infoMap(AUDIO) };
}

function infoMap(fourCcs: readonly string[]): AmfObject {
  return Object.fromEntries(fourCcs.map((fourCc) => [fourCc, CAN_FORWARD]));
}

/** Whether the properties of a connect command are those of a client with Enhanced RTMP. */
export function isEnhanced(command: AmfObject): boolean {
  return ['fourCcList', 'videoFourCcInfoMap', 'audioFourCcInfoMap', 'capsEx'].some((key) => command[key] !== undefined);
}
