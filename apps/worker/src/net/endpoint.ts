/** `192.0.2.7:1935`, `live.example.com:1935`, `[2001:db8::7]:1935`. */
export function formatEndpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The host of a URL without the brackets around an IPv6 address, as `connect` and TLS want it. */
export function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
