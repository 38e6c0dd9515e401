/**
 * The settings of a delivery to a stream, checked.
 *
 * @module
 */

import {
  assertFunction,
  assertOptions,
  assertString,
  integerFrom,
  type OptionChecks,
  show,
} from "../../../ffi/arguments.ts";
import type { NatsClient } from "../nats.ts";
import type { StreamDelivery } from "../route.ts";
import { streamClientOf } from "../stream_check.ts";
import { assertName } from "../subject.ts";

/** Maximum of {@linkcode StreamDelivery.inFlight}. */
const MAX_IN_FLIGHT = 65_536;
const DEFAULT_IN_FLIGHT = 256;

const DELIVERY_CHECKS: OptionChecks<StreamDelivery> = {
  stream: assertName,
  inFlight: integerFrom(1, MAX_IN_FLIGHT),
  id: assertFunction,
};

/** Maximum length of a message's id in characters: ids are in headers, and in the memory. */
const MAX_ID_LENGTH = 128;

/** The settings of a delivery, with the defaults. */
export interface CheckedDelivery {
  readonly stream: string;
  readonly inFlight: number;
  /** Returns the id of a message, if the script names the messages. */
  readonly idOf: ((number: number) => string) | undefined;
  /** The length of the longest id that the script can return. */
  readonly idLength: number | undefined;
}

/**
 * Checks the settings of a delivery.
 *
 * @throws {TypeError} If a setting is of the wrong kind, or the client has no streams.
 * @throws {RangeError} If `inFlight` is out of range.
 */
export function checkDelivery(delivery: StreamDelivery, nats: NatsClient): CheckedDelivery {
  assertOptions(delivery, DELIVERY_CHECKS);
  const { stream, inFlight = DEFAULT_IN_FLIGHT, id } = delivery;
  assertName("the delivery's stream", stream);
  streamClientOf(nats);
  if (id === undefined) return { stream, inFlight, idOf: undefined, idLength: undefined };
  const idOf = (number: number) => checkId(id(BigInt(number)), number);
  return { stream, inFlight, idOf, idLength: MAX_ID_LENGTH };
}

function checkId(id: unknown, number: number): string {
  assertString(`the id of the message ${number}`, id);
  if (id.length <= MAX_ID_LENGTH && /^[!-~]+$/.test(id)) return id;
  throw new TypeError(
    `Expected the id of the message ${number} to have 1 to ${MAX_ID_LENGTH} characters of ASCII ` +
      `without spaces, got ${show(id)}`,
  );
}
