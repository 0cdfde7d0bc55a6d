/** Host and port of one server. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** One server. `url` is the address as it was written: ioredis reads it itself. */
export interface SingleRedis extends Login {
  readonly shape: 'single';
  readonly url: string;
}

/** Whichever server the sentinels call the master of this name. The sentinels may ask for a login of their own. */
export interface SentinelRedis extends Login {
  readonly shape: 'sentinel';
  readonly sentinels: readonly RedisHost[];
  readonly master: string;
  readonly database: number;
  readonly sentinelUsername: string | undefined;
  readonly sentinelPassword: string | undefined;
}

/** A Redis Cluster, of which any of these nodes tells the others. */
export interface ClusterRedis extends Login {
  readonly shape: 'cluster';
  readonly nodes: readonly RedisHost[];
}

export type RedisAddress = SingleRedis | SentinelRedis | ClusterRedis;

/** What fits, to follow 'must be'. */
export const REDIS_URL_FORMS =
  'a URL such as redis://HOST:6379, rediss://:PASSWORD@HOST:6379/0, redis+sentinel://HOST:26379,HOST:26379/MASTER ' +
  'or redis+cluster://HOST:6379,HOST:6379';

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
const URL_PARTS =
  /^redis(?<tls>s?)(?:\+(?<shape>sentinel|cluster))?:\/\/(?:(?<login>[^\s@/?#]*)@)?(?<hosts>[^\s@/?#]+)(?<path>\/[^\s?#]*)?(?:\?(?<query>[^\s#]*))?$/i;
const MASTER_PATH = /^\/(?<master>[\w.-]{1,64})(?:\/(?<database>\d{1,4})?)?$/;

/** Reads REDIS_URL; `rediss` in any shape is TLS to every server. Undefined when the text fits none of `REDIS_URL_FORMS`. */
export function parseRedisUrl(text: string): RedisAddress | undefined {
  if (/^rediss?:\/\/\S+$/i.test(text) && URL.canParse(text)) return single(text);
  const { tls, shape, login = '', hosts = '', path = '', query = '' } = URL_PARTS.exec(text)?.groups ?? {};
  const credentials = parseLogin(login);
  if (shape === undefined || credentials === undefined) return undefined;
  const base = { tls: tls !== '', ...credentials };
  return shape.toLowerCase() === 'cluster' ? cluster(base, hosts, path + query) : sentinel(base, hosts, path, query);
}

function single(url: string): SingleRedis | undefined {
  const { protocol, hostname, username, password } = new URL(url);
  const credentials = parseLogin(`${username}:${password}`);
  if (credentials === undefined || hostname.includes(',')) return undefined;
  return { shape: 'single', url, tls: protocol === 'rediss:', ...credentials };
}

/** A Cluster has no databases, so there is nothing to say behind its nodes. */
function cluster(base: Login, hosts: string, rest: string): ClusterRedis | undefined {
  const nodes = parseHosts(hosts, REDIS_PORT);
  return nodes === undefined || !/^\/?$/.test(rest) ? undefined : { shape: 'cluster', ...base, nodes };
}

function sentinel(base: Login, hosts: string, path: string, query: string): SentinelRedis | undefined {
  const sentinels = parseHosts(hosts, SENTINEL_PORT);
  const { master, database = '0' } = MASTER_PATH.exec(path)?.groups ?? {};
  if (sentinels === undefined || master === undefined) return undefined;
  const params = new URLSearchParams(query);
  const sentinelUsername = params.get('sentinel_username') ?? undefined;
  const sentinelPassword = params.get('sentinel_password') ?? undefined;
  const known = [sentinelUsername, sentinelPassword].filter((value) => value !== undefined).length;
  if (params.size !== known) return undefined;
  return {
    shape: 'sentinel',
    ...base,
    sentinels,
    master,
    database: Number(database),
    sentinelUsername,
    sentinelPassword,
  };
}

function parseHosts(text: string, defaultPort: number): RedisHost[] | undefined {
  const hosts = text.split(',').map((item) => {
    const url = URL.parse(`redis://${item}`);
    if (url === null || url.hostname === '') return undefined;
    return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? defaultPort : Number(url.port) };
  });
  return hosts.every((host) => host !== undefined && host.port > 0) ? (hosts as RedisHost[]) : undefined;
}

/** `USER:PASSWORD`, percent-encoded; undefined when it cannot be decoded. */
function parseLogin(text: string): Pick<Login, 'username' | 'password'> | undefined {
  const colon = text.indexOf(':');
  const decode = (part: string) => (part === '' ? undefined : decodeURIComponent(part));
  try {
    return {
      username: decode(colon < 0 ? text : text.slice(0, colon)),
      password: decode(colon < 0 ? '' : text.slice(colon + 1)),
    };
  } catch {
    return undefined;
  }
}
