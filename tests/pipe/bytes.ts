/**
 * Bytes that tests send, and reads of all bytes of a length.
 *
 * @module
 */

import type { PipeConnection } from "../../src/pipe/mod.ts";
import { soon } from "../support/soon.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A time limit for an operation of a test that should succeed. */
/** Returns the bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Returns bytes that differ from place to place, so that a lost or moved byte is seen. */
export function patternOf(length: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + (at >> 8) * 13 + seed) & 0xff;
  return bytes;
}

/** Reads once, and returns the text, or `null` at the end. */
export async function readText(connection: PipeConnection, size = 1000): Promise<string | null> {
  const buffer = new Uint8Array(size);
  const length = await connection.read(buffer, soon);
  return length === null ? null : decoder.decode(buffer.subarray(0, length));
}

/** Reads one message, and returns its text, or `null` at the end. */
export async function readMessageText(connection: PipeConnection): Promise<string | null> {
  const message = await connection.readMessage(soon);
  return message === null ? null : decoder.decode(message);
}

/** Reads until all bytes of a length are there, or the peer has closed its end. */
export async function readAll(connection: PipeConnection, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const got = await connection.read(bytes.subarray(at), soon);
    if (got === null) break;
    at += got;
  }
  return bytes.subarray(0, at);
}
