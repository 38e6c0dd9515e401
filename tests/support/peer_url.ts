/** The path of a peer below tests/, such as "channel/ring/peers/end.ts". */
export type PeerPath = `${string}/peers/${string}`;

/**
 * Returns the URL of a peer: a script or C source that another process or Worker runs for a test.
 */
export function peerUrl(path: PeerPath): URL {
  return new URL(`../${path}`, import.meta.url);
}
