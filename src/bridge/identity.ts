/**
 * The identities of sources whose numbers begin at 0 in each bridge.
 *
 * @module
 */

/** Returns a new identity: 16 hexadecimal digits at random. */
export function newIdentity(): string {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!.toString(16).padStart(16, "0");
}
