/** `192.0.2.7:1935`, `[2001:db8::7]:1935` */
export const endpoint = (host: string, port: number | string): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
