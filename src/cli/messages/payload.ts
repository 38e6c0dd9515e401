/**
 * Turns DATA of `winipc send` into the bytes of a message.
 *
 * @module
 */

import { encodeText } from "../../messages/encoding.ts";
import type { Encoding } from "./encoding.ts";
import { encodeValue } from "../../channel/ring/message.ts";
import { show } from "../../../ffi/arguments.ts";
import type { Target } from "../targets/target.ts";
import { messageOf, UsageError } from "../command_line/failure.ts";

/** How DATA becomes bytes. */
export interface PayloadOptions {
  /** What the data is: a text, JSON, or hexadecimal bytes. */
  readonly form: "text" | "json" | "hex";
  readonly target: Target;
  /** The encoding of texts. */
  readonly encoding: Encoding;
}

/** The number of characters of wrong data that an error shows. */
const MAX_SHOWN = 60;

/**
 * Returns the bytes of a message.
 *
 * JSON for a ring becomes a cloned value, which `receiveValue()` returns. For other targets, JSON is
 * a text.
 *
 * @throws {UsageError} If the data does not have the form.
 */
export function payloadOf(
  data: string,
  { form, target, encoding }: PayloadOptions,
): Uint8Array<ArrayBuffer> {
  if (form === "hex") return hexBytes(data);
  if (form === "text") return encodeText(data, encoding);
  const value = jsonValue(data);
  const isRing = target.kind === "ring" || target.kind === "broadcast";
  return isRing ? Uint8Array.from(encodeValue(value)) : encodeText(data, encoding);
}

/** Decodes hexadecimal digits. Spaces and colons can be between the bytes. */
function hexBytes(data: string): Uint8Array<ArrayBuffer> {
  const digits = data.replace(/[\s:]+/g, " ").trim();
  if (!/^(?:[0-9a-f]{2} ?)*$/i.test(digits)) {
    throw new UsageError(
      `Expected hexadecimal bytes, such as "00 ff", got ${shown(data)}: write two digits each`,
    );
  }
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}

function jsonValue(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (error) {
    const why = messageOf(error);
    throw new UsageError(`Expected JSON, got ${shown(data)}: ${why}`);
  }
}

function shown(data: string): string {
  return data.length > MAX_SHOWN ? `${show(data.slice(0, MAX_SHOWN))} …` : show(data);
}
