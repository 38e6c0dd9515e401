/**
 * Generates the C header of a channel: the layout of its memory, and functions for both ends.
 *
 * @module
 */

import { array, struct } from "../../../struct/mod.ts";
import {
  DESCRIPTION,
  HEADER_LENGTH,
  MAGIC,
  MAX_SENDERS,
  MESSAGE_NUMBERS,
  PRODUCERS,
  RECEIVER,
  RECORD_HEADER_LENGTH,
  SENDER,
  VERSION,
  WHEN_FULL,
  WORD,
} from "../layout.ts";
import { MAX_CAPACITY, MIN_CAPACITY } from "../../peer/memory.ts";
import { BATCH as READ_BATCH } from "../reader.ts";
import { BATCH as WRITTEN_BATCH } from "../writer.ts";
import { CLOSED, MAX_ATTEMPTS as MAX_PLACE_ATTEMPTS, THREAD } from "../../peer/place.ts";
import { ASLEEP, AWAKE } from "../../peer/wake.ts";
import {
  HANDSHAKE_KINDS,
  HANDSHAKE_MAGIC,
  HANDSHAKE_VERSION,
  HandshakeStart,
  RingOffer,
} from "../connection.ts";
import { assertObject, assertOptions, type OptionChecks } from "../../../../ffi/arguments.ts";
import { assertMessageLayout, type MessageLayout } from "../../../struct/tagged.ts";
import { RING_END, RING_FUNCTIONS, RING_INTRODUCTION } from "./functions.ts";

const word = (index: number) => ({ type: "u32", offset: 4 * index }) as const;
const Place = struct({ owner: "u64", state: "u32" });
/** The number of the message at a position: how many messages came before it. */
const RingNumber = struct({ position: "u32", low: "u32", high: "u32" });

/** The layout of the header. Its positions are unsigned, because C lets only these overflow. */
const Header = struct({
  magic: word(WORD.magic),
  version: word(WORD.version),
  layout: word(WORD.layout),
  capacity: word(WORD.capacity),
  max_message_length: word(WORD.maxMessageLength),
  when_full: word(WORD.whenFull),
  goes_on: word(WORD.goesOn),
  layout_hash: { type: "u64", offset: DESCRIPTION.hash },
  text_length: { type: "u32", offset: DESCRIPTION.length },
  tail: word(WORD.tail),
  head: word(WORD.head),
  committed: word(WORD.committed),
  dropped: word(WORD.dropped),
  sender_sleeps: word(SENDER.sleeping),
  producer_lock: word(WORD.producerLock),
  receiver_sleeps: word(RECEIVER.sleeping),
  consumed: word(WORD.consumed),
  numbers: { type: array(RingNumber, MESSAGE_NUMBERS.length), offset: 4 * MESSAGE_NUMBERS[0]! },
  receiver: { type: Place, offset: 8 * RECEIVER.owner },
  senders: { type: array(Place, MAX_SENDERS), offset: 8 * SENDER.owner },
});
const FIELDS = [
  ...[
    "magic",
    "version",
    "layout",
    "capacity",
    "max_message_length",
    "when_full",
    "goes_on",
    "layout_hash",
    "text_length",
    "tail",
  ],
  ...[
    "head",
    "committed",
    "dropped",
    "sender_sleeps",
    "producer_lock",
    "receiver_sleeps",
    "consumed",
  ],
  ...["numbers[0].position", "numbers[1].high"],
  ...["receiver.owner", "receiver.state", "senders[0].owner", "senders[0].state"],
  `senders[${MAX_SENDERS - 1}].state`,
];

const NUMBERS: Readonly<Record<string, number>> = {
  MAGIC,
  VERSION,
  ...numbered("LAYOUT", PRODUCERS, 1),
  ...numbered("WHEN_FULL", WHEN_FULL, 0),
  HEADER_LENGTH,
  MIN_CAPACITY,
  MAX_CAPACITY,
  RECORD_HEADER_LENGTH,
  CLOSED,
  THREAD,
  AWAKE,
  ASLEEP,
  MAX_PLACE_ATTEMPTS,
  WRITTEN_BATCH,
  READ_BATCH,
  HANDSHAKE_MAGIC,
  HANDSHAKE_VERSION,
  HELLO: HANDSHAKE_KINDS.hello,
  OFFER: HANDSHAKE_KINDS.offer,
  ACCEPT: HANDSHAKE_KINDS.accept,
};

/**
 * Returns C code that declares the constants and the fields of the header, and asserts the offsets.
 */
export function declareLayout(): string {
  return [
    ...Object.entries(NUMBERS).map(([name, value]) => `#define WINIPC_RING_${name} ${value}u`),
    "",
    Header.toC("winipc_ring_header"),
    ...FIELDS.map((path) =>
      `C_ASSERT(offsetof(winipc_ring_header, ${path}) == ${Header.offsetOf(path)});`
    ),
    `C_ASSERT(sizeof(winipc_ring_header) == WINIPC_RING_HEADER_LENGTH);`,
    "",
    HandshakeStart.toC("winipc_ring_hello"),
    RingOffer.toC("winipc_ring_offer"),
    `C_ASSERT(sizeof(winipc_ring_hello) == ${HandshakeStart.byteLength});`,
    `C_ASSERT(sizeof(winipc_ring_offer) == ${RingOffer.byteLength});`,
  ].join("\n");
}

function numbered(
  prefix: string,
  words: readonly string[],
  first: number,
): Record<string, number> {
  return Object.fromEntries(
    words.map((word, index) => [`${prefix}_${word.toUpperCase()}`, index + first]),
  );
}

/** A layout of messages that can be declared in C: the result of `struct`, `union` or `tagged`. */
export interface DeclaredLayout extends MessageLayout {
  /** Returns the declaration in C. */
  toC(name: string): string;
}

/** Options of {@linkcode declareRingChannel}. */
export interface DeclareRingOptions {
  /**
   * The layouts of messages by their names in C: those of the option `message` of channels. For
   * each, the header has the struct NAME and its description `winipc_ring_NAME`.
   *
   * @default none
   */
  messages?: Readonly<Record<string, DeclaredLayout>>;
}

/** The checks of {@linkcode DeclareRingOptions}. */
export const DECLARE_RING_CHECKS: OptionChecks<DeclareRingOptions> = {
  messages(what, layouts) {
    assertObject(what, layouts);
    for (const [name, layout] of Object.entries(layouts)) {
      assertMessageLayout(`${what}.${name}`, layout);
    }
  },
};

/**
 * Returns the text of a C header for one end of a {@linkcode RingChannel}. With it, a C or C++
 * program can be the sender or the receiver of a channel with `"single"` producers.
 *
 * The header has the layout of the memory, and functions that need nothing but Windows. Its first
 * comment shows how to use it. It compiles with gcc, clang and MSVC, as C11 and as C++11.
 *
 * @example Write the header to a file
 * ```ts
 * import { declareRingChannel } from "@winipc/winipc/c";
 * import { struct } from "@winipc/winipc/struct";
 * import { assertStringIncludes } from "@std/assert";
 *
 * // The channel is created with { message: Trade }.
 * const Trade = struct({ price: "f64", size: "u32" });
 * const header = declareRingChannel({ messages: { trade: Trade } });
 * assertStringIncludes(header, "typedef struct trade {");
 * assertStringIncludes(header, "winipc_ring_description winipc_ring_trade");
 * Deno.writeTextFileSync(`${Deno.makeTempDirSync()}/winipc_ring.h`, header);
 * ```
 *
 * @returns The text of the header. It is the same at each call with the same layouts.
 * @throws {TypeError} If a layout is of the wrong kind, or a name is invalid or has another meaning
 *   in C, in C++ or in the header.
 */
export function declareRingChannel(options: DeclareRingOptions = {}): string {
  assertOptions(options, DECLARE_RING_CHECKS);
  const declared = `${declareLayout()}\n${RING_FUNCTIONS}`;
  const code = declared.replace(/\/\*.*?\*\//gs, "");
  const taken = new Set(code.match(/\bwinipc_ring\w*/g));
  const messages = Object.entries(options.messages ?? {}).map(([name, layout]) => {
    const text = declareMessage(name, layout);
    // The names of the structs within a struct begin with its name.
    const types = Array.from(
      text.matchAll(/^typedef (?:struct|union) (\w+)/gm),
      ([, type]) => type!,
    );
    for (const added of [...types, `winipc_ring_${name}`]) {
      if (taken.has(added)) throw nameTaken(name, added);
      taken.add(added);
    }
    return text;
  });
  return [RING_INTRODUCTION, declared, ...messages, RING_END].join("\n");
}

function nameTaken(name: string, taken: string): TypeError {
  return new TypeError(
    `Cannot declare the messages ${JSON.stringify(name)} in C: the header has another ${taken}; ` +
      "use another name",
  );
}

/** Returns C code that declares a struct, and its description for winipc_ring_open_typed(). */
function declareMessage(name: string, layout: DeclaredLayout): string {
  // Only names, digits and the marks @:,+[]{} are in the text.
  const { signature, layoutHash } = layout;
  const lines = signature.match(/.{1,80}/g) ?? [];
  return [
    layout.toC(name),
    `static const winipc_ring_description winipc_ring_${name} = {`,
    `    0x${layoutHash.toString(16)}ull, ${signature.length}u,`,
    `${lines.map((line) => `    "${line}"`).join("\n")}};`,
  ].join("\n");
}
