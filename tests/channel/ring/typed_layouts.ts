/**
 * The layouts of the typed channels and broadcast rings in these tests. Each field of a message is made from the
 * message's number, so that a reader can tell whether a message has parts of two messages.
 * tests/channel/ring/peers/typed_end.c makes the same messages.
 *
 * @module
 */

import { array, struct, tagged, utf16 } from "../../../src/struct/mod.ts";

export const Trade = struct({
  number: "u32",
  price: "f64",
  name: utf16(8),
  marks: array("u32", 40),
});
export const Quote = struct({ bid: "f32", number: "u32" });
export const Event = tagged({ trade: Trade, quote: Quote });
/** A layout that differs from {@linkcode Event} in one field. */
export const Other = tagged({ trade: Trade, quote: struct({ bid: "f32", count: "u32" }) });

/** A message. */
export type Event = ReturnType<typeof Event.loadMessage>;

/** Returns the message with a number: a trade for even numbers, a quote for odd ones. */
export function eventOf(number: number): Event {
  if (number % 2 === 1) return { kind: "quote", value: { bid: number % 1000, number } };
  const marks = new Uint32Array(40).fill(number);
  return { kind: "trade", value: { number, price: number / 3, name: `n${number % 999}`, marks } };
}

/** The fields of a message: of a copied value, or of a view. */
type EventFields =
  | { readonly kind: "quote"; readonly value: { readonly bid: number; readonly number: number } }
  | {
    readonly kind: "trade";
    readonly value: {
      readonly number: number;
      readonly price: number;
      readonly name: string;
      readonly marks: Iterable<number>;
    };
  };

/** Returns the number of a message, and throws if the message is not whole. */
export function numberOf({ kind, value }: EventFields): number {
  const { number } = value;
  const isWhole = kind === "quote"
    ? number % 2 === 1 && value.bid === number % 1000
    : number % 2 === 0 && value.price === number / 3 && value.name === `n${number % 999}` &&
      [...value.marks].every((mark) => mark === number);
  if (!isWhole) throw new Error(`torn: ${kind} ${JSON.stringify(value)}`);
  return number;
}
