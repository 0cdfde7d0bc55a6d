import { pushUrlProblem, redactUrl } from '@pushfleet/config';
import { ApiError, type TargetCheckView } from '@pushfleet/contract';
import type { TargetCheck } from './target-check.ts';

type Finding = TargetCheckView['findings'][number];

/** What each scheme means, and the port that it stands for. */
const schemes: Readonly<Record<string, { readonly port: number; readonly tls: boolean; readonly meaning: string }>> = {
  rtmp: {
    port: 1935,
    tls: false,
    meaning: 'RTMP, in clear. Where the target offers it, rtmps:// keeps the key secret.',
  },
  rtmps: { port: 443, tls: true, meaning: 'RTMP over TLS.' },
  tshttp: { port: 80, tls: false, meaning: 'MPEG-TS in one long HTTP POST.' },
  tshttps: { port: 443, tls: true, meaning: 'MPEG-TS in one long HTTPS POST.' },
  hls: { port: 80, tls: false, meaning: 'HLS: segments and playlist, each uploaded by an HTTP request.' },
  hlss: { port: 443, tls: true, meaning: 'HLS: segments and playlist, each uploaded by an HTTPS request.' },
  m4s: { port: 80, tls: false, meaning: 'Fragmented MP4 in one long HTTP POST.' },
  m4ss: { port: 443, tls: true, meaning: 'Fragmented MP4 in one long HTTPS POST.' },
};
const URL_PARTS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?\/?([^?#]*)/i;
/** Ports that people take from another protocol of the same target. */
const WEB_PORTS = new Set([80, 443, 8080]);

interface Parts {
  readonly scheme: string;
  readonly hasLogin: boolean;
  readonly host: string;
  readonly port: number | null;
  /** Without the first slash. */
  readonly path: string;
}

/** Explains a push URL part by part, as somebody types it. Connects to nothing; `policy` has the last word on whether it can be used. */
export function explainTarget(url: string, policy: TargetCheck): TargetCheckView {
  const parts = partsOf(url);
  const findings = findingsOf(url, parts, policy);
  const { scheme, host, port } = parts;
  return {
    usable: !findings.some(({ level }) => level === 'error'),
    url: redactUrl(url),
    protocol: Object.hasOwn(schemes, scheme) ? scheme : null,
    host: host === '' ? null : host,
    port,
    tls: schemes[scheme]?.tls ?? false,
    findings,
  };
}

function partsOf(url: string): Parts {
  const [, schemeText = '', login, hostText = '', portText = '', path = ''] = URL_PARTS.exec(url) ?? [];
  const scheme = schemeText.toLowerCase();
  const port = portText === '' ? (schemes[scheme]?.port ?? null) : Number(portText);
  return { scheme, hasLogin: login !== undefined, host: hostText.replace(/^\[|\]$/g, ''), port, path };
}

function findingsOf(url: string, parts: Parts, policy: TargetCheck): Finding[] {
  const { scheme, host } = parts;
  const problem = pushUrlProblem(url);
  if (problem !== undefined) {
    const isWeb = scheme === 'http' || scheme === 'https';
    const hint = isWeb
      ? `tsh${scheme.slice(1)}, hls or m4s say what is sent over HTTP: write tsh${scheme.slice(1)}:// for MPEG-TS`
      : problem.hint;
    const part = problem.code !== 'bad_url' || scheme === '' ? 'scheme' : host === '' ? 'host' : 'url';
    return [finding('error', part, problem.message, hint)];
  }
  const meaning = finding('info', 'scheme', schemes[scheme]?.meaning ?? '');
  const refusal = refusalOf(url, policy);
  if (refusal !== undefined) return [meaning, finding('error', partOfRefusal(refusal, parts), refusal)];
  return [meaning, ...remarksOn(parts)];
}

/** What the API would answer if a push with this URL were added. */
function refusalOf(url: string, policy: TargetCheck): string | undefined {
  try {
    policy.check({ url });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return error.detail;
    throw error;
  }
}

function partOfRefusal(refusal: string, { host }: Parts): Finding['part'] {
  if (/port of the URL/.test(refusal)) return 'port';
  if (/User or password/.test(refusal)) return 'login';
  if (/application|masked/.test(refusal)) return 'path';
  return /address|host/i.test(refusal) || host === '' ? 'host' : 'url';
}

/** What is allowed and yet likely not what was meant. */
function remarksOn({ scheme, hasLogin, host, port, path }: Parts): Finding[] {
  const remarks: Finding[] = [];
  const isRtmp = scheme.startsWith('rtmp');
  const segments = path.split('/').filter((segment) => segment !== '');
  if (isRtmp && segments.length === 1)
    remarks.push(
      finding(
        'warning',
        'path',
        'only an application and no stream key',
        'append /KEY, unless the target takes streams without a name',
      ),
    );
  if (!isRtmp && segments.length === 0)
    remarks.push(finding('warning', 'path', 'the path is empty', 'append the path that the target takes media at'));
  if (scheme === 'rtmp' && port === 443)
    remarks.push(
      finding('warning', 'port', 'port 443 is that of TLS', 'write rtmps:// if the target speaks TLS there'),
    );
  else if (isRtmp && scheme === 'rtmp' && port !== null && WEB_PORTS.has(port))
    remarks.push(
      finding(
        'warning',
        'port',
        `port ${port} is one of the Web`,
        'RTMP servers listen on 1935, unless they say otherwise',
      ),
    );
  if (scheme === 'rtmps' && port === 1935)
    remarks.push(
      finding('warning', 'port', 'port 1935 is that of RTMP without TLS', 'leave the port out, or write rtmp://'),
    );
  if (hasLogin && !(schemes[scheme]?.tls ?? false))
    remarks.push(
      finding(
        'info',
        'login',
        isRtmp ? 'the password is not sent as it is, but as an answer to a challenge' : 'the login is sent without TLS',
      ),
    );
  if (host !== '' && !host.includes('.') && !host.includes(':'))
    remarks.push(finding('info', 'host', 'a name without a dot is looked up in the network of the workers'));
  return remarks;
}

function finding(level: Finding['level'], part: Finding['part'], message: string, remedy = ''): Finding {
  return { level, part, message: sentence(message), remedy: sentence(remedy) };
}

function sentence(text: string): string {
  if (text === '') return '';
  return `${text[0]!.toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
