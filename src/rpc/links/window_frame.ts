/**
 * The messages of links over WM_COPYDATA: the handshake, and the frames of values.
 * docs/wire_formats.md describes them.
 *
 * @module
 */

import { struct } from "../../struct/mod.ts";

/** The kinds of messages: letters, little-endian. */
export const WINDOW_KINDS = {
  /** The letters WIPL: a client asks for a link. */
  hello: 0x4c50_4957,
  /** The letters WIPW: the server's window for this link welcomes the client. */
  welcome: 0x5750_4957,
  /** The letters WIPP: a part of an encoded value, and not the last one. */
  part: 0x5050_4957,
  /** The letters WIPM: an encoded value, or its last part. */
  message: 0x4d50_4957,
  /** The letters WIPE: the peer has closed the link. */
  end: 0x4550_4957,
} as const;

/**
 * Maximum length of a part in bytes. Wine delivers no WM_COPYDATA of a mebibyte. It also limits the
 * memory that other programs can make a window keep.
 */
export const MAX_PART = 2 ** 18;

/** The version of the handshake. */
export const WINDOW_VERSION = 1;

/** A message of the handshake. A hello has `WINDOW_KINDS.hello` in `dwData`, too. */
export const WindowGreeting = struct({
  kind: "u32",
  version: "u32",
  /** The number that `dwData` of messages to the sender of the greeting must have. */
  token: "u32",
  /** Maximum length of an encoded value to the sender of the greeting, in bytes. */
  maxLength: "u32",
});

/** The start of each later message. The content follows. */
export const WindowFrame = struct({
  kind: "u32",
  /** 1 for the first message of a sender, and 1 more for each later one, modulo 2³². */
  sequence: "u32",
});
