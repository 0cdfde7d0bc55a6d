import type net from 'node:net';

/** A socket with what it keeps of the connection itself, of which no type of Node tells: nothing once it is closed. */
interface Handled {
  _handle: { readonly fd?: number } | null | undefined;
}

export const handled = (socket: net.Socket): Handled => socket as unknown as Handled;
