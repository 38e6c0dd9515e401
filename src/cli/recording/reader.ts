/**
 * Reads a recording. The file is not trusted: each length is checked before it is used, and memory
 * is allocated only for bytes that the file really has.
 *
 * @module
 */

import { openToRead } from "../input/file.ts";
import {
  decodeHeader,
  END_REASONS,
  type EndReason,
  FIXED_LENGTH,
  headerLengthOf,
  lengthsOf,
  MAX_HEAD,
  MAX_METADATA,
  NumberReader,
  RECORD,
  type RecordingHeader,
} from "./format.ts";
import type { TapForm } from "../../channel/tap/form.ts";

/** Length of the buffer at first, in bytes. */
const BUFFER_LENGTH = 2 ** 18;

/** A record of a recording. Times are in microseconds since the beginning. */
export type RecordingRecord =
  | {
    readonly type: "message";
    readonly time: number;
    /** The message. The next call of {@linkcode RecordingReader.next} overwrites it. */
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** The encoded metadata of a frame; `undefined` if it has none. */
    readonly metadata: Uint8Array<ArrayBuffer> | undefined;
  }
  | { readonly type: "missed"; readonly time: number; readonly count: number }
  | { readonly type: "end"; readonly time: number; readonly reason: EndReason }
  /** The file ends without an end: the recorder was killed, or the file was cut. */
  | { readonly type: "cut"; readonly time: number };

/** Reads a recording from a file. */
export class RecordingReader implements Disposable {
  readonly header: RecordingHeader;
  readonly #path: string;
  readonly #bytes: FileBytes;
  readonly #lengths: readonly [number, number];
  #time = 0;
  /** The number of messages until now. */
  #count = 0;
  #isOver = false;

  private constructor(path: string, bytes: FileBytes, header: RecordingHeader) {
    this.#path = path;
    this.#bytes = bytes;
    this.header = header;
    this.#lengths = lengthsOf(header.form);
  }

  /**
   * Opens a recording and reads its header.
   *
   * @throws {Deno.errors.InvalidData} If the file is no recording of this version.
   */
  static async open(path: string): Promise<RecordingReader> {
    const bytes = new FileBytes(await openToRead(path, `the recording ${path}`));
    try {
      await bytes.load(FIXED_LENGTH);
      const length = headerLengthOf(bytes.loaded.subarray(0, FIXED_LENGTH));
      if (await bytes.load(length) < length) throw new TypeError("its header is cut off");
      const header = decodeHeader(bytes.loaded.subarray(0, length));
      bytes.skip(length);
      return new RecordingReader(path, bytes, header);
    } catch (cause) {
      bytes[Symbol.dispose]();
      if (!(cause instanceof TypeError)) throw cause;
      throw new Deno.errors.InvalidData(
        `"${path}" is no recording of winipc record: ${cause.message}`,
        { cause },
      );
    }
  }

  /**
   * Reads the next record.
   *
   * @returns `undefined` after the end.
   * @throws {Deno.errors.InvalidData} If the recording contradicts itself.
   */
  async next(): Promise<RecordingRecord | undefined> {
    if (this.#isOver) return undefined;
    const record = await this.#read() ?? { type: "cut", time: this.#time };
    this.#isOver = record.type === "end" || record.type === "cut";
    return record;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#bytes[Symbol.dispose]();
  }

  /** Reads a record; `undefined` if the file ends before the record does. */
  async #read(): Promise<RecordingRecord | undefined> {
    await this.#bytes.load(MAX_HEAD);
    const head = this.#bytes.loaded;
    const type = head[0];
    // Zeros are what a power failure leaves of bytes that were not written.
    if (type === undefined || type === 0) return undefined;
    const numbers = new NumberReader(head, 1);
    const time = numbers.next();
    if (time === undefined) return undefined;
    if (!(time >= this.#time)) throw this.#corrupt(`its time ${time} is before ${this.#time}`);
    this.#time = time;
    if (type === RECORD.message) return await this.#message(time, numbers);
    if (type === RECORD.frame) return await this.#message(time, numbers, this.header.form);
    const number = numbers.next();
    if (number === undefined) return undefined;
    if (type === RECORD.missed) {
      if (!(number >= 1)) throw this.#corrupt(`it says that ${number} messages were missed`);
      this.#bytes.skip(numbers.at);
      return { type: "missed", time, count: number };
    }
    const reason = END_REASONS[number];
    if (type !== RECORD.end || reason === undefined) {
      throw this.#corrupt(`it has the type ${type} and the number ${number}`);
    }
    const count = numbers.next();
    if (count === undefined) return undefined;
    if (count !== this.#count) {
      throw this.#corrupt(`it counts ${count} messages, and there are ${this.#count}`);
    }
    this.#bytes.skip(numbers.at);
    if (await this.#bytes.load(1) > 0) throw this.#corrupt("bytes follow its end");
    return { type: "end", time, reason };
  }

  /** Reads the rest of a message, or of a frame, which has metadata. */
  async #message(
    time: number,
    numbers: NumberReader,
    form?: TapForm,
  ): Promise<RecordingRecord | undefined> {
    let metadataLength = 0;
    if (form !== undefined) {
      const length = numbers.next();
      if (length === undefined) return undefined;
      if (form.kind !== "frame" || !(length <= MAX_METADATA)) {
        throw this.#corrupt(`it has metadata of ${length} bytes`);
      }
      metadataLength = length;
    }
    const from = numbers.at;
    await this.#bytes.load(from + metadataLength + MAX_HEAD);
    const metadata = this.#bytes.loaded.slice(from, from + metadataLength);
    const rest = new NumberReader(this.#bytes.loaded, from + metadataLength);
    const length = rest.next();
    if (length === undefined) return undefined;
    const [least, most] = this.#lengths;
    if (!(length >= least && length <= most)) {
      throw this.#corrupt(`it has ${length} bytes, and messages have ${least} to ${most}`);
    }
    if (await this.#bytes.load(rest.at + length) < rest.at + length) return undefined;
    const bytes = this.#bytes.loaded.subarray(rest.at, rest.at + length);
    this.#bytes.skip(rest.at + length);
    this.#count++;
    return { type: "message", time, bytes, metadata: metadataLength > 0 ? metadata : undefined };
  }

  #corrupt(what: string): Deno.errors.InvalidData {
    return new Deno.errors.InvalidData(
      `"${this.#path}" is corrupt at its byte ${this.#bytes.offset}: ${what}`,
    );
  }
}

/** The bytes of a file, from the current offset on. */
class FileBytes implements Disposable {
  readonly #file: Deno.FsFile;
  #buffer = new Uint8Array(BUFFER_LENGTH);
  #from = 0;
  #to = 0;
  #offset = 0;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** The current offset in the file. */
  get offset(): number {
    return this.#offset;
  }

  /** The bytes from the current offset on that are in memory. */
  get loaded(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  /** Goes on by a number of bytes that are in memory. */
  skip(count: number): void {
    this.#from += count;
    this.#offset += count;
  }

  /**
   * Reads until at least `count` bytes are in memory, or the file ends.
   *
   * @returns The number of bytes in memory.
   */
  async load(count: number): Promise<number> {
    while (this.#to - this.#from < count) {
      if (this.#to === this.#buffer.length) this.#makeRoom();
      const read = await this.#file.read(this.#buffer.subarray(this.#to));
      if (read === null) break;
      this.#to += read;
    }
    return this.#to - this.#from;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  /** Moves the bytes to the beginning of the buffer, or of one of twice the length. */
  #makeRoom(): void {
    const { loaded } = this;
    if (loaded.length > this.#buffer.length / 2) {
      this.#buffer = new Uint8Array(this.#buffer.length * 2);
    }
    this.#buffer.set(loaded);
    [this.#from, this.#to] = [0, loaded.length];
  }
}
