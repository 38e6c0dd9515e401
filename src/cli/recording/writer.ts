/**
 * Writes a recording. Records are collected in one buffer while another is written, so that the
 * recorder reads on meanwhile.
 *
 * @module
 */

import { messageOf } from "../command_line/failure.ts";
import {
  encodeHeader,
  END_REASONS,
  type EndReason,
  MAX_HEAD,
  RECORD,
  type RecordingHeader,
  writeNumber,
} from "./format.ts";
import { encodeValue } from "../../channel/ring/message.ts";
import type { TapMessage } from "../../channel/tap/source.ts";

/** Length of a buffer in bytes. A longer message is written by itself. */
const BUFFER_LENGTH = 2 ** 20;
const NOTHING = new Uint8Array();

/** Options of {@linkcode RecordingWriter.create}. */
export interface CreateRecordingOptions extends Omit<RecordingHeader, "start"> {
  /** Whether a file that exists is overwritten. */
  readonly force: boolean;
}

/** Writes a recording to a file. */
export class RecordingWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** The time of the first record, by the monotonic clock. */
  readonly #start = performance.now();
  #buffer = new Uint8Array(BUFFER_LENGTH);
  #spare = new Uint8Array(BUFFER_LENGTH);
  #length = 0;
  /** The write that is under way. */
  #writing: Promise<void> = Promise.resolve();
  #messages = 0;
  #bytes = 0;
  #missed = 0;

  private constructor(path: string, file: Deno.FsFile, header: Uint8Array) {
    this.#path = path;
    this.#file = file;
    this.#buffer.set(header);
    this.#length = header.length;
  }

  /**
   * Creates the file.
   *
   * @throws {Deno.errors.AlreadyExists} If the file exists and `force` is not set.
   */
  static async create(
    path: string,
    { force, ...header }: CreateRecordingOptions,
  ): Promise<RecordingWriter> {
    const how = force ? { create: true, truncate: true } : { createNew: true };
    try {
      const file = await Deno.open(path, { write: true, ...how });
      return new RecordingWriter(path, file, encodeHeader({ ...header, start: Date.now() }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      throw new Deno.errors.AlreadyExists(
        `Cannot create "${path}": it exists already; --force overwrites it`,
        { cause: error },
      );
    }
  }

  /** The number of messages, of their bytes, and of messages that were missed. */
  get counts(): { messages: number; bytes: number; missed: number } {
    return { messages: this.#messages, bytes: this.#bytes, missed: this.#missed };
  }

  /** The time since the beginning in milliseconds. */
  get elapsed(): number {
    return performance.now() - this.#start;
  }

  /**
   * Adds a message with the current time.
   *
   * @returns A promise if the disk must catch up before the next message.
   */
  add({ bytes, missed, frame }: TapMessage): Promise<void> | undefined {
    const time = this.#now();
    this.#messages++;
    this.#bytes += bytes.length;
    this.#missed += missed;
    const { metadata } = frame ?? {};
    const encoded = metadata === undefined ? NOTHING : encodeValue(metadata);
    const needed = 3 * MAX_HEAD + encoded.length;
    if (this.#length + needed + bytes.length > BUFFER_LENGTH) {
      return this.#addAfterWrite(time, { bytes, missed }, frame && encoded);
    }
    this.#putHead(time, { bytes, missed }, frame && encoded);
    this.#put(bytes);
    return undefined;
  }

  /**
   * Begins to write what was collected, as soon as the last write is done.
   *
   * @throws {Error} If the last write has failed.
   */
  async flush(): Promise<void> {
    await this.#turn();
  }

  /**
   * Writes the rest and the end. The recording is complete then.
   *
   * @throws {Error} If the file could not be written, also by an earlier write.
   */
  async end(reason: EndReason): Promise<void> {
    await this.#turn();
    let at = this.#length;
    this.#buffer[at++] = RECORD.end;
    at = writeNumber(this.#buffer, at, this.#now());
    this.#buffer[at++] = END_REASONS.indexOf(reason);
    this.#length = writeNumber(this.#buffer, at, this.#messages);
    await this.#turn();
    await this.#writing;
  }

  /** Closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.catch(() => {});
    this.#file.close();
  }

  #now(): number {
    return Math.trunc(this.elapsed * 1000);
  }

  #putHead(
    time: number,
    { bytes, missed }: TapMessage,
    metadata: Uint8Array | undefined,
  ): void {
    const buffer = this.#buffer;
    let at = this.#length;
    if (missed > 0) {
      buffer[at++] = RECORD.missed;
      at = writeNumber(buffer, at, time);
      at = writeNumber(buffer, at, missed);
    }
    buffer[at++] = metadata === undefined ? RECORD.message : RECORD.frame;
    at = writeNumber(buffer, at, time);
    if (metadata !== undefined) {
      at = writeNumber(buffer, at, metadata.length);
      buffer.set(metadata, at);
      at += metadata.length;
    }
    this.#length = writeNumber(buffer, at, bytes.length);
  }

  #put(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  async #addAfterWrite(
    time: number,
    message: TapMessage,
    metadata: Uint8Array | undefined,
  ): Promise<void> {
    await this.#turn();
    this.#putHead(time, message, metadata);
    const { bytes } = message;
    if (this.#length + bytes.length <= BUFFER_LENGTH) return this.#put(bytes);
    await this.#turn();
    await this.#writing;
    this.#writing = this.#write(bytes);
    await this.#writing;
  }

  /** Waits for the write that is under way, and begins to write what was collected since. */
  async #turn(): Promise<void> {
    // Another turn can begin a write meanwhile, and there are only two buffers.
    let seen: Promise<void>;
    do {
      seen = this.#writing;
      await seen;
    } while (seen !== this.#writing);
    if (this.#length === 0) return;
    const full = this.#buffer;
    const bytes = full.subarray(0, this.#length);
    [this.#buffer, this.#spare] = [this.#spare, full];
    this.#length = 0;
    this.#writing = this.#write(bytes);
    // The next turn throws the error.
    this.#writing.catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
    } catch (cause) {
      const why = messageOf(cause);
      throw new Error(`Cannot write to "${this.#path}": ${why}`, { cause });
    }
  }
}
