/**
 * The messages of links over NATS: the handshake, and the frames of values. docs/wire_formats.md
 * describes them.
 *
 * @module
 */

import { struct } from "../../struct/mod.ts";

/** The kinds of messages: letters, little-endian. */
export const NATS_KINDS = {
  /** The letters WIPL: a client asks for a link. */
  hello: 0x4c50_4957,
  /** The letters WIPW: a service welcomes the client. */
  welcome: 0x5750_4957,
  /** The letters WIPB: a service has as many links as it can have now. */
  busy: 0x4250_4957,
  /** The letters WIPA: the sender is alive. The content has the number of bytes that it has taken. */
  alive: 0x4150_4957,
  /** The letters WIPP: a part of an encoded value, and not the last one. */
  part: 0x5050_4957,
  /** The letters WIPM: an encoded value, or its last part. */
  message: 0x4d50_4957,
  /** The letters WIPE: the peer has closed the link. */
  end: 0x4550_4957,
} as const;

/** The version of the handshake. */
export const NATS_VERSION = 1;

/** A message of the handshake. */
export const NatsGreeting = struct({
  kind: "u32",
  version: "u32",
  /** The token of the hello that is answered; 0 in a hello. */
  to: "u64",
  /** The random number that later messages to the sender of the greeting must carry. */
  token: "u64",
  /** Maximum length of an encoded value to the sender of the greeting, in bytes. */
  maxLength: "u32",
  /** Maximum number of bytes on their way to the sender of the greeting. */
  window: "u32",
});

/** The start of each later message. The content follows. */
export const NatsFrame = struct({
  kind: "u32",
  /** 1 for the first message of a sender, and 1 more for each later one, modulo 2³². */
  sequence: "u32",
  /** The random number of the end that gets the message. */
  token: "u64",
});

/** The length of the start in bytes. */
export const START_LENGTH: number = NatsFrame.byteLength;

/** The content of a message of the kind `alive`. */
export const NatsReceipt = struct({
  /** The bytes of values, with the starts of their messages, that the sender has taken: mod 2³². */
  taken: "u32",
});

/** The bytes on their way to an end, at most. A longer value goes as the peer takes its parts. */
export const WINDOW: number = 2 ** 19;

/** The smallest window with which a link can work, in bytes. */
const MIN_WINDOW = 1024;

/**
 * Maximum length of a message with its start in bytes. Longer ones would delay the messages of other
 * links on the same connection.
 */
export const MAX_PART: number = 2 ** 17;

/** A greeting of a peer. */
export interface Greeting {
  readonly kind: "hello" | "welcome" | "busy";
  readonly to: bigint;
  readonly token: bigint;
  readonly maxLength: number;
  readonly window: number;
}

/** Returns the bytes of a greeting. */
export function greetingBytes({ kind, ...rest }: Greeting): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NatsGreeting.byteLength);
  NatsGreeting.write(bytes, { kind: NATS_KINDS[kind], version: NATS_VERSION, ...rest });
  return bytes;
}

/** Reads a greeting; `undefined` if the bytes are none, or one of another version. */
export function readGreeting(bytes: Uint8Array): Greeting | undefined {
  if (bytes.length !== NatsGreeting.byteLength) return undefined;
  const { kind, version, ...rest } = NatsGreeting.read(bytes);
  const name = (["hello", "welcome", "busy"] as const).find((name) => NATS_KINDS[name] === kind);
  if (name === undefined || version !== NATS_VERSION || rest.window < MIN_WINDOW) return undefined;
  return { kind: name, ...rest };
}
