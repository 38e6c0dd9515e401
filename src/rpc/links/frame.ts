/**
 * Frames: the form of values on links over bytes. A frame consists of 8 bytes and the content of
 * one message. docs/wire_formats.md describes it for peers in other languages.
 *
 * @module
 */

import { struct } from "../../struct/mod.ts";
import { show } from "../../../ffi/arguments.ts";

/** The kinds of frames: letters, little-endian. */
export const FRAME_KINDS = {
  /** The letters WIPM: the frame has an encoded value. */
  message: 0x4d50_4957,
  /** The letters WIPE: the peer has closed the link. The frame has no content. */
  end: 0x4550_4957,
} as const;

/** The start of each frame. */
export const FrameStart = struct({ kind: "u32", length: "u32" });

/** The length of the start in bytes. */
export const START_LENGTH: number = FrameStart.byteLength;

/** Returns a frame with an encoded value. */
export function messageFrame(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(START_LENGTH + content.length);
  FrameStart.write(frame, { kind: FRAME_KINDS.message, length: content.length });
  frame.set(content, START_LENGTH);
  return frame;
}

/** Returns the frame that closes a link. */
export function endFrame(): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(START_LENGTH);
  FrameStart.write(frame, { kind: FRAME_KINDS.end, length: 0 });
  return frame;
}

/** Options of {@linkcode FrameParser}. */
export interface FrameParserOptions {
  /** The link's name in messages. */
  label: string;
  /** Maximum length of a content in bytes. */
  maxLength: number;
  /** Says where other bytes can come from, for the error: `console.log() of the child …`. */
  hint: string;
}

/** Takes bytes as they arrive, and returns the contents of whole frames. */
export class FrameParser {
  readonly #options: FrameParserOptions;
  /** Has the bytes that have arrived and were not taken, and room for more. */
  #room: Uint8Array<ArrayBuffer> = new Uint8Array();
  /** The offset of these bytes. */
  #at = 0;
  /** The number of these bytes. */
  #length = 0;
  /** The length of the first frame, with its start. */
  #needed = START_LENGTH;

  constructor(options: FrameParserOptions) {
    this.#options = options;
  }

  /** Whether a frame has arrived in part. */
  get isInside(): boolean {
    return this.#length > 0;
  }

  /** Adds bytes that have arrived. They belong to the parser now. */
  add(chunk: Uint8Array<ArrayBuffer>): void {
    const length = this.#length + chunk.length;
    if (this.#length === 0) {
      this.#room = chunk;
      this.#at = 0;
    } else {
      if (this.#at + length > this.#room.length) this.#grow(length);
      this.#room.set(chunk, this.#at + this.#length);
    }
    this.#length = length;
  }

  /**
   * Takes the next frame.
   *
   * @returns The content; `"end"` if the frame closes the link; `undefined` if no whole frame has
   *   arrived.
   * @throws {Deno.errors.InvalidData} If the bytes are not the beginning of a frame, or the frame is
   *   too long.
   */
  take(): Uint8Array<ArrayBuffer> | "end" | undefined {
    if (this.#length === 0) return undefined;
    const start = this.#room.subarray(this.#at, this.#at + Math.min(START_LENGTH, this.#length));
    // Other bytes are refused at once, and not only when 8 of them have arrived.
    const kind = kindOf(start);
    if (kind === undefined) throw this.#garbage(start);
    if (start.length < START_LENGTH) return undefined;
    const { length } = FrameStart.read(start);
    if (kind === "end" && length !== 0) throw this.#garbage(start);
    const { label, maxLength } = this.#options;
    if (length > maxLength) {
      throw new Deno.errors.InvalidData(
        `The ${label} was closed: the peer has announced a value of ${length} bytes, and ` +
          `${maxLength} is the maximum; raise maxMessageLength if such values are right`,
      );
    }
    this.#needed = START_LENGTH + length;
    if (this.#length < this.#needed) return undefined;
    const content = this.#remove();
    return kind === "end" ? "end" : content;
  }

  /** Takes the first frame away, and returns its content. */
  #remove(): Uint8Array<ArrayBuffer> {
    const [at, length] = [this.#at, this.#needed];
    // A copy: typed arrays of a value can share its bytes, and must not see other frames. Deno also
    // decodes typed arrays wrongly if the bytes do not begin their buffer.
    const content = this.#room.slice(at + START_LENGTH, at + length);
    this.#at += length;
    this.#length -= length;
    this.#needed = START_LENGTH;
    if (this.#length === 0) this.#room = new Uint8Array();
    return content;
  }

  /**
   * Moves the bytes to a larger room. It grows as bytes arrive: a length that the peer only
   * announces takes no memory.
   */
  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(length, Math.min(2 * length, this.#needed)));
    larger.set(this.#room.subarray(this.#at, this.#at + this.#length));
    this.#room = larger;
    this.#at = 0;
  }

  #garbage(start: Uint8Array): Deno.errors.InvalidData {
    const { label, hint } = this.#options;
    const text = [...start].map((byte) => String.fromCharCode(byte)).join("");
    return new Deno.errors.InvalidData(
      `The ${label} was closed: the peer has sent ${show(text)}, which does not begin a frame; ` +
        hint,
    );
  }
}

/** Returns the kind of a frame by its first bytes, which can be less than all; or `undefined`. */
function kindOf(start: Uint8Array): keyof typeof FRAME_KINDS | undefined {
  for (const kind of ["message", "end"] as const) {
    const word = FRAME_KINDS[kind];
    if (start.subarray(0, 4).every((byte, index) => byte === (word >>> 8 * index & 0xff))) {
      return kind;
    }
  }
  return undefined;
}
