/**
 * Reads everything from a connection in random ways, and compares each byte.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { PipeConnection } from "../../../src/pipe/mod.ts";
import type { Random } from "../../support/random.ts";
import type { Plan, Side } from "./plan.ts";
import { headerOf, isEqual, recordOf } from "./record.ts";
import { stopped, waitOptions } from "./waits.ts";

/** Everything that an end has read. */
export interface Received {
  /** The number of each record, or the bytes of a message that is too short for a number. */
  records: (number | string)[];
  /** The end: of the peer, of this end, or of a peer that ended in the middle of a message. */
  end: "null" | "BadResource" | "ConnectionReset";
  /** The number of bytes after the last whole record. */
  torn: number;
  /** The number of reads. */
  steps: number;
}

/** Options of {@linkcode readAll}. */
export interface ReadAll {
  seed: number;
  plan: Plan;
  /** The end that writes. */
  from: Side;
  random: Random;
  /** Whether the connection's stream is read. */
  isStream: boolean;
}

const MAX_INTO = 100_000;
/** A byte that fills the target of a read that is likely to be stopped. */
const FILLER = 0xa5;

/** Reads until the end. */
export async function readAll(connection: PipeConnection, options: ReadAll): Promise<Received> {
  const { plan, random, isStream } = options;
  const sink = plan.kind === "bytes" ? new ByteSink(options) : new MessageSink(options);
  /** The targets of reads that were stopped. Nothing may write to them any more. */
  const stale: Uint8Array[] = [];
  let steps = 0;
  let end: Received["end"] = "null";
  // A slow reader leaves the pipe full, so that writes are stopped in the middle.
  const pauses = random.below(3) === 0 ? 4 : 40;
  const reader = isStream ? connection.readable.getReader() : undefined;
  try {
    for (let isOver = false; !isOver; steps++) {
      isOver = reader !== undefined
        ? await readStream(reader, sink)
        : plan.kind === "bytes" || random.below(3) === 0
        ? await readInto(connection, { random, sink, stale, plan })
        : await readMessage(connection, { random, sink });
      if (random.below(pauses) === 0) {
        await new Promise((resolve) => setTimeout(resolve, random.below(10)));
      }
    }
  } catch (error) {
    assert(error instanceof Error);
    if (error instanceof Deno.errors.BadResource) end = "BadResource";
    else if (error instanceof Deno.errors.ConnectionReset) end = "ConnectionReset";
    else throw error;
  }
  assert(stale.every((target) => target.every((byte) => byte === FILLER)), "A stale read wrote");
  return { records: sink.records, torn: sink.torn, end, steps };
}

async function readStream(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  sink: Sink,
): Promise<boolean> {
  const { value, done } = await reader.read();
  if (value !== undefined) sink.put(value);
  return done;
}

async function readInto(
  connection: PipeConnection,
  { random, sink, stale, plan }: { random: Random; sink: Sink; stale: Uint8Array[]; plan: Plan },
): Promise<boolean> {
  const small = random.below(4) === 0;
  const into = new Uint8Array(1 + random.below(small ? 16 : MAX_INTO)).fill(FILLER);
  try {
    const reading = connection.read(into, waitOptions(random));
    if (random.below(30) === 0) {
      reading.catch(() => {});
      const { name } = await assertRejects(() => connection.read(into), Error);
      assert(name === "Busy" || name === "BadResource", name);
    }
    const length = await reading;
    if (length === null) return true;
    assert(into.subarray(length).every((byte) => byte === FILLER), "A read wrote too much");
    assert(length > 0 || plan.kind === "messages", "A read of bytes returned 0");
    sink.put(into.subarray(0, length));
  } catch (error) {
    if (error instanceof RangeError) return await readMessage(connection, { random, sink });
    if (!stopped(error)) throw error;
    if (stale.length < 20) stale.push(into);
  }
  return false;
}

async function readMessage(
  connection: PipeConnection,
  { random, sink }: { random: Random; sink: Sink },
): Promise<boolean> {
  try {
    const message = await connection.readMessage(waitOptions(random));
    if (message === null) return true;
    sink.put(message);
  } catch (error) {
    if (!stopped(error)) throw error;
  }
  return false;
}

/** Takes what was read, and compares it with the records. */
interface Sink {
  readonly records: Received["records"];
  readonly torn: number;
  put(bytes: Uint8Array): void;
}

class MessageSink implements Sink {
  readonly records: Received["records"] = [];
  readonly torn = 0;
  readonly #options: ReadAll;

  constructor(options: ReadAll) {
    this.#options = options;
  }

  put(message: Uint8Array): void {
    const { seed, plan, from } = this.#options;
    const number = headerOf(message)?.number;
    if (number === undefined) return void this.records.push(message.toHex());
    assert(isEqual(message, recordOf(seed, plan, from, number)), `Message ${number} is wrong`);
    this.records.push(number);
  }
}

class ByteSink implements Sink {
  readonly records: Received["records"] = [];
  readonly #options: ReadAll;
  /** The bytes of the record that has not arrived whole. */
  #parts: Uint8Array[] = [];
  #length = 0;
  #wanted = 8;

  constructor(options: ReadAll) {
    this.#options = options;
  }

  get torn(): number {
    return this.#length;
  }

  put(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
    while (this.#length >= this.#wanted && this.#length > 0) {
      const all = join(this.#parts, this.#length);
      const { seed, plan, from } = this.#options;
      const { number, length } = headerOf(all)!;
      const record = recordOf(seed, plan, from, number);
      assertEquals(length, record.length, `The length of record ${number} is wrong`);
      const found = all.subarray(0, length);
      assert(isEqual(found, record.subarray(0, found.length)), `Record ${number} is wrong`);
      this.#wanted = length;
      this.#parts = [all];
      if (all.length < length) return;
      this.records.push(number);
      const rest = all.subarray(length);
      this.#parts = [rest];
      this.#length = rest.length;
      this.#wanted = 8;
    }
  }
}

function join(parts: Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
