/**
 * The content of a message over bytes: a value, encoded by the structured clone algorithm.
 *
 * @module
 */

import { integerFrom, type OptionChecks } from "../../../ffi/arguments.ts";
import { decodeValue, encodeValue } from "../../channel/ring/message.ts";

/** Options of links over bytes. */
export interface LinkOptions {
  /**
   * Maximum length of an encoded value in bytes. A longer value from the peer ends the link, so
   * that a hostile peer cannot use up the memory. Both ends should agree. @default 67_108_864
   */
  maxMessageLength?: number;
}

/** The checks of {@linkcode LinkOptions}. A frame has the length as 32 bits. */
export const LINK_CHECKS: OptionChecks<LinkOptions> = {
  maxMessageLength: integerFrom(1, 2 ** 31 - 1),
};

/** Default of {@linkcode LinkOptions.maxMessageLength}, in bytes. */
export const MAX_MESSAGE_LENGTH = 2 ** 26;

/**
 * Encodes a value.
 *
 * @param max The maximum length in bytes.
 * @param remedy Says how the script can raise the maximum.
 * @throws {DOMException} `DataCloneError` if the value cannot be cloned.
 * @throws {RangeError} If the encoded value is too long.
 */
export function encodeFor(
  label: string,
  value: unknown,
  { max, remedy }: { max: number; remedy: string },
): Uint8Array {
  const bytes = encodeValue(value);
  if (bytes.length <= max) return bytes;
  throw new RangeError(
    `Cannot send a value over the ${label}: it is encoded as ${bytes.length} bytes, and ${max} ` +
      `is the maximum; ${remedy}`,
  );
}

/**
 * Decodes a value from a peer.
 *
 * @throws {Deno.errors.InvalidData} If the bytes are not an encoded value.
 */
export function decodeFrom(label: string, bytes: Uint8Array<ArrayBuffer>): unknown {
  try {
    return decodeValue(bytes);
  } catch (error) {
    throw new Deno.errors.InvalidData(
      `The ${label} was closed: the peer has sent ${bytes.length} bytes that are not an encoded ` +
        "value",
      { cause: error instanceof Error ? error.cause ?? error : error },
    );
  }
}
