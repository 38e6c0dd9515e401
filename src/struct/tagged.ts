/**
 * The layouts of messages: a struct, or one of several structs after a tag that says which one.
 *
 * @module
 */

import { assertObject, assertString, show } from "../../ffi/arguments.ts";
import type { CType, InputOf, LiveOf, ValueOf } from "./ctype.ts";
import { assertDescribable, fnv1a } from "./description.ts";
import { copied } from "./field_view.ts";
import { assertFieldName } from "./placement.ts";
import { assertMessageLength } from "./record.ts";
import { struct, union } from "./layout.ts";

/**
 * A function that returns the view of the message at an offset. It is the same view for each
 * message, which moves to that message.
 *
 * @throws {Deno.errors.InvalidData} If the length or the tag of the message is wrong.
 */
export type MessageViews<View> = (offset: number, length: number) => View;

/**
 * A layout of messages: the result of `struct`, `union` or {@linkcode tagged}. Scripts pass it to
 * a ring, as the option `message`. Only rings call its methods.
 *
 * @typeParam Value The type of a message that is copied out of the memory.
 * @typeParam Input The type of values that can be written.
 * @typeParam View The type of a live view of a message.
 */
export interface MessageLayout<Value = unknown, Input = unknown, View = unknown> {
  /** Maximum length of a message in bytes. */
  readonly byteLength: number;
  /** The canonical text of the layout, which a ring holds. Two layouts with equal texts are equal. */
  readonly signature: string;
  /** The FNV-1a hash (64 bits) of the text. */
  readonly layoutHash: bigint;
  /** Whether the layout has locks. Messages cannot have any. */
  readonly isPinned?: boolean;
  /**
   * Checks a value before it is written, as in {@linkcode CType.check}.
   *
   * @param where The name of the message in errors; "" for none.
   * @param into The memory to write to.
   */
  check(value: unknown, where: string, into?: DataView): Input;
  /** Returns the length of the message for a checked value, in bytes. */
  messageLength(checked: Input): number;
  /** Writes a checked value to memory that is all zero. */
  storeMessage(data: DataView, offset: number, checked: Input): void;
  /**
   * Copies a message out of the memory.
   *
   * @param label The ring's name in errors.
   * @throws {Deno.errors.InvalidData} If the length or the tag of the message is wrong.
   */
  loadMessage(data: DataView, offset: number, length: number, label: string): Value;
  /**
   * Returns a function that views messages in place.
   *
   * @param data The memory of all messages.
   * @param label The ring's name in errors.
   */
  messageViews(data: DataView, label: string): MessageViews<View>;
}

/**
 * Throws unless a value is a layout of messages.
 *
 * @param what The name of the value in the error: `"message"`.
 * @throws {TypeError} If the value is not a layout, or has locks.
 * @throws {RangeError} If the description of the layout is too long.
 */
export function assertMessageLayout(what: string, value: unknown): asserts value is MessageLayout {
  if (!isMessageLayout(value)) {
    throw new TypeError(
      `Expected ${what} to be a layout from struct(), union() or tagged(), got ${show(value)}`,
    );
  }
  if (value.isPinned) {
    throw new TypeError(
      `Expected ${what} to be a layout without locks: a lock works only at its place in the memory, ` +
        "not in a message",
    );
  }
  assertDescribable(what, value);
}

function isMessageLayout(value: unknown): value is MessageLayout {
  return typeof value === "object" && value !== null &&
    "signature" in value && typeof value.signature === "string" &&
    "layoutHash" in value && typeof value.layoutHash === "bigint" &&
    "byteLength" in value && typeof value.byteLength === "number" &&
    "loadMessage" in value && typeof value.loadMessage === "function";
}

/** Structs or unions by the name of their case. */
export type Cases = Readonly<Record<string, CaseLayout>>;

/** A layout from `struct` or `union`. */
export interface CaseLayout
  extends CType<unknown, unknown, unknown>, MessageLayout<unknown, unknown, unknown> {}

/** A message that is copied out of the memory: the name of its case, and the struct. */
export type TaggedValue<C extends Cases> = {
  [K in keyof C & string]: { kind: K; value: ValueOf<C[K]> };
}[keyof C & string];

/** A message to write: the name of its case, and values for some fields of the struct. */
export type TaggedInput<C extends Cases> = {
  [K in keyof C & string]: { readonly kind: K; readonly value: InputOf<C[K]> };
}[keyof C & string];

/** A message in place: the name of its case, and a live view of the struct. */
export type TaggedView<C extends Cases> = {
  [K in keyof C & string]: { readonly kind: K; readonly value: LiveOf<C[K]> };
}[keyof C & string];

/** A union of layouts by a tag, made by {@linkcode tagged}. */
export interface Tagged<C extends Cases>
  extends MessageLayout<TaggedValue<C>, TaggedInput<C>, TaggedView<C>> {
  /** The names of the cases, in the order of their tags: the first has tag 0. */
  readonly kinds: readonly (keyof C & string)[];
  /**
   * Returns the declaration in C: a struct with the tag and a union of the cases. A message has
   * only the bytes up to the end of its case.
   *
   * @throws {TypeError} If the name is invalid, or the name, a case or a field has another meaning
   *   in C or C++.
   */
  toC(name: string): string;
}

/** The offset of the struct in a message, in bytes. The tag, a `u32`, is at 0. */
const VALUE_OFFSET = 8;

/**
 * Describes messages of several kinds: a tag (`u32`), and at offset 8 the struct of that kind. A
 * message is only as long as its struct needs.
 *
 * The tag is the index of the case in the order of the object, from 0.
 *
 * @example Send trades and quotes through one ring
 * ```ts
 * import { BroadcastRing, struct, tagged } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Trade = struct({ price: "f64", size: "u32" });
 * const Quote = struct({ bid: "f64", ask: "f64" });
 * const Event = tagged({ trade: Trade, quote: Quote });
 *
 * using ring = BroadcastRing.create("events of tagged", { message: Event });
 * using receiver = ring.receiver();
 * using sender = ring.sender();
 * sender.write({ kind: "trade", value: { price: 1.5, size: 10 } });
 *
 * const event = await receiver.receive({ timeout: 1000 });
 * if (event?.kind === "trade") assertEquals(event.value.price, 1.5);
 * ```
 *
 * @param cases The structs or unions by the names of their cases.
 * @throws {TypeError} If a name is invalid, or a case is not a struct or a union, or has locks.
 */
export function tagged<const C extends Cases>(cases: C): Tagged<C>;
export function tagged(cases: Cases): AnyTagged {
  return new TaggedType(cases);
}

interface Case {
  readonly kind: string;
  readonly index: number;
  readonly layout: CaseLayout;
}

/** A value that {@linkcode TaggedType.check} has checked. */
interface CheckedCase extends Case {
  readonly checked: unknown;
}

interface AnyTaggedValue {
  readonly kind: string;
  readonly value: unknown;
}

/** A union of layouts whose cases are not known to TypeScript. */
interface AnyTagged extends MessageLayout<unknown, unknown, unknown> {
  readonly kinds: readonly string[];
  toC(name: string): string;
}

class TaggedType implements AnyTagged {
  readonly byteLength: number;
  readonly signature: string;
  readonly layoutHash: bigint;
  readonly isPinned = false;
  readonly kinds: readonly string[];
  readonly #cases: readonly Case[];

  constructor(cases: Cases) {
    assertObject("the cases", cases);
    this.#cases = Object.entries(cases).map(([kind, layout], index) => {
      assertFieldName(kind);
      assertCase(kind, layout);
      return { kind, index, layout };
    });
    if (this.#cases.length === 0) throw new TypeError("Expected at least one case");
    this.kinds = Object.freeze(this.#cases.map(({ kind }) => kind));
    this.byteLength = VALUE_OFFSET +
      Math.max(...this.#cases.map(({ layout }) => layout.byteLength));
    const parts = this.#cases.map(({ kind, layout }) =>
      `${kind}@${VALUE_OFFSET}:${layout.signature}`
    );
    this.signature = `tagged{${parts.join()}}${this.byteLength}`;
    this.layoutHash = fnv1a(this.signature);
  }

  check(given: unknown, where: string, into?: DataView): CheckedCase {
    const what = where || "the message";
    const message = copied(given);
    assertObject(what, message);
    const { kind, value }: { kind?: unknown; value?: unknown } = message;
    const found = this.#cases.find((one) => one.kind === kind);
    if (found === undefined) {
      assertString(`the kind of ${what}`, kind);
      throw new TypeError(
        `Expected the kind of ${what} to be one of ${this.kinds.map(show).join(", ")}, got ${
          show(kind)
        }`,
      );
    }
    const extra = Object.keys(message).find((name) => name !== "kind" && name !== "value");
    if (extra !== undefined) {
      throw new TypeError(
        `Expected only kind and value in ${what}, got ${show(extra)}: put fields into value`,
      );
    }
    return { ...found, checked: found.layout.check(value, found.kind, into) };
  }

  messageLength({ layout }: CheckedCase): number {
    return VALUE_OFFSET + layout.byteLength;
  }

  storeMessage(data: DataView, offset: number, { index, layout, checked }: CheckedCase): void {
    data.setUint32(offset, index, true);
    layout.storeMessage(data, offset + VALUE_OFFSET, checked);
  }

  loadMessage(data: DataView, offset: number, length: number, label: string): AnyTaggedValue {
    const { kind, layout } = this.#caseAt(data, offset, length, label);
    return { kind, value: layout.load(data, offset + VALUE_OFFSET, kind) };
  }

  messageViews(data: DataView, label: string): MessageViews<AnyTaggedValue> {
    const isOne = data.byteLength === this.byteLength;
    const all = this.#cases.map(({ kind, layout }) => {
      const { byteLength } = layout;
      const part = isOne
        ? new DataView(data.buffer, data.byteOffset + VALUE_OFFSET, byteLength)
        : data;
      const views = layout.messageViews(part, label);
      return { views, view: Object.freeze({ kind, value: views(0, byteLength) }) };
    });
    return (offset, length) => {
      const { index, layout } = this.#caseAt(data, offset, length, label);
      const { views, view } = all[index]!;
      views(offset + VALUE_OFFSET, layout.byteLength);
      return view;
    };
  }

  toC(name: string): string {
    assertString("the name", name);
    const fields = Object.fromEntries(this.#cases.map(({ kind, layout }) => [kind, layout]));
    const value = { type: union(fields), offset: VALUE_OFFSET };
    return struct({ tag: "u32", value }).toC(name);
  }

  /** Reads the tag once, so that another process cannot change the case after the check. */
  #caseAt(data: DataView, offset: number, length: number, label: string): Case {
    const tag = length < VALUE_OFFSET ? -1 : data.getUint32(offset, true);
    const found = this.#cases[tag];
    if (found === undefined) {
      throw new Deno.errors.InvalidData(
        tag < 0
          ? `A message of the ${label} has ${length} bytes, and no tag`
          : `A message of the ${label} has the tag ${tag}, and its layout only ` +
            `${this.#cases.length} cases`,
      );
    }
    assertMessageLength(length, VALUE_OFFSET + found.layout.byteLength, label);
    return found;
  }
}

/** Throws unless a case is a struct or a union, without locks. */
function assertCase(kind: string, layout: unknown): asserts layout is CaseLayout {
  if (!isMessageLayout(layout) || !("alignment" in layout)) {
    throw new TypeError(
      `Expected case ${kind} to be a layout from struct() or union(), got ${show(layout)}`,
    );
  }
  if (!layout.isPinned) return;
  throw new TypeError(`Expected no lock in case ${kind}: a lock works only at its place`);
}
