/**
 * The tables of docs/wire_formats.md, and the bytes of objects that they describe.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { startOf } from "../../../ffi/process_thread.ts";
import { SharedMemory } from "../../../mod.ts";
import { poll } from "../../../src/wait/options.ts";
import { soon } from "../../support/soon.ts";

export const documentation = await Deno.readTextFile(
  new URL("../../../docs/wire_formats.md", import.meta.url),
);

type Row = Readonly<Record<string, string>>;
export type Bytes = Uint8Array<ArrayBuffer>;
/** The value of a documented field; a field of several words has several values. */
type FieldValue = number | bigint | bigint[];

/** Returns the rows of the table that follows a mark in the documentation, by the names of columns. */
export function tableOf(mark: string): Row[] {
  const [, text] = documentation.split(`<!-- ${mark} -->`);
  assert(text !== undefined, `there is no table with the mark "${mark}"`);
  const [head, _, ...rows] = text.trimStart().split(/\r?\n\r?\n/)[0]!.split(/\r?\n/).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
  );
  return rows.map((cells) => {
    assertEquals(cells.length, head!.length, `a row of ${mark}: ${cells}`);
    return Object.fromEntries(cells.map((cell, column) => [head![column]!, cell]));
  });
}

/** Returns the constants of a table. */
export function constantsOf(product: string): Record<string, number> {
  return Object.fromEntries(
    tableOf(`constants: ${product}`).map(({ constant, value }) => [constant!, Number(value)]),
  );
}

/** A field of a table. */
interface Field {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
  /** The width in bytes; NaN for a field whose width depends on the settings. */
  readonly width: number;
  /** The value that the table gives to a constant field; `undefined` for other fields. */
  readonly value: number | undefined;
}

const WIDTHS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8 };

/** A documented layout, to read fields of a memory by their names. */
class DocumentedLayout {
  readonly fields: readonly Field[];

  constructor(mark: string) {
    this.fields = tableOf(`table: ${mark}`).map(({ name, type, offset, width, meaning }) => {
      const value = /^(?:0x[0-9a-f]+|\d+)(?=,|$)/.exec(meaning!)?.[0];
      return {
        name: name!,
        type: type!,
        offset: Number(offset),
        width: parseFloat(width!),
        value: value === undefined ? undefined : Number(value),
      };
    });
    let end = 0;
    for (const { name, type, offset, width } of this.fields) {
      assertGreaterOrEqual(offset, end, `${mark}: ${name} begins before the field before it ends`);
      const [, element, count = "1"] = /^(\w+)(?:\[(\d+)\])?$/.exec(type) ?? [];
      const each = { place: 16, number: 12, ...WIDTHS }[element!];
      if (!Number.isNaN(width)) assertEquals(width, each! * Number(count), `${mark}: ${name}`);
      end = offset + (width || 0);
    }
  }

  offsetOf(name: string): number {
    return this.#field(name).offset;
  }

  /** Reads a field; the words of a field of several words come as bigints. */
  read(bytes: Bytes, name: string, base = 0): FieldValue {
    const { type, offset } = this.#field(name);
    const data = new DataView(bytes.buffer, bytes.byteOffset + base + offset);
    switch (type) {
      case "u8":
        return data.getUint8(0);
      case "u16":
        return data.getUint16(0, true);
      case "u32":
        return data.getUint32(0, true);
      case "i32":
        return data.getInt32(0, true);
      case "u64":
        return data.getBigUint64(0, true);
      case "u32[2]":
        return [0, 4].map((at) => BigInt(data.getUint32(at, true)));
      default:
        throw new Error(`The documentation has a field of type ${type} that is not read`);
    }
  }

  /** The constant fields, with the values that the table gives. */
  get constants(): Record<string, number> {
    return Object.fromEntries(
      this.fields.flatMap(({ name, value }) => value === undefined ? [] : [[name, value]]),
    );
  }

  /** Reads all fields that are numbers. */
  readAll(bytes: Bytes, base = 0): Record<string, FieldValue> {
    const numbers = this.fields.filter(({ type }) => type in WIDTHS || type === "u32[2]");
    return Object.fromEntries(numbers.map(({ name }) => [name, this.read(bytes, name, base)]));
  }

  #field(name: string): Field {
    const found = this.fields.find((field) => field.name === name);
    assert(found !== undefined, `there is no field "${name}" in the documentation`);
    return found;
  }
}

export const Place = new DocumentedLayout("place");
export const RingHeader = new DocumentedLayout("ring-header");
export const RingNumber = new DocumentedLayout("ring-number");
export const RingRecord = new DocumentedLayout("ring-record");
export const BroadcastHeader = new DocumentedLayout("broadcast-header");
export const BroadcastRecord = new DocumentedLayout("broadcast-record");
export const LatestHeader = new DocumentedLayout("latest-header");
export const LatestSlot = new DocumentedLayout("latest-slot");
export const FrameHeader = new DocumentedLayout("frame-header");
export const FrameReaderPlace = new DocumentedLayout("frame-reader");
export const FrameSlot = new DocumentedLayout("frame-slot");
export const WakeBits = new DocumentedLayout("wake-bits");
export const Lock = new DocumentedLayout("lock");
export const ReadWriteLock = new DocumentedLayout("rwlock");
export const Notice = new DocumentedLayout("notice");
export const Handshake = new DocumentedLayout("handshake");
export const SingleInstanceMessage = new DocumentedLayout("single-instance");
export const LinkFrame = new DocumentedLayout("link-frame");
export const Greeting = new DocumentedLayout("greeting");
export const WindowFrame = new DocumentedLayout("window-frame");
export const NatsGreetingTable = new DocumentedLayout("nats-greeting");
export const NatsFrameTable = new DocumentedLayout("nats-frame");
export const OfferedRing = new DocumentedLayout("offered-ring");

/** The memory of a product, opened by its name as another program does it. */
export function openMemory(name: string): Disposable & { readonly bytes: Bytes } {
  using stack = new DisposableStack();
  const memory = stack.use(SharedMemory.open(name, { access: "readwrite" }));
  const { bytes } = stack.use(memory.map());
  const all = stack.move();
  return { bytes, [Symbol.dispose]: () => all.dispose() };
}

/** Waits until other parts of this script have done something. */
export async function until(what: string, look: () => boolean): Promise<void> {
  await poll(`the moment when ${what}`, () => look() || undefined, soon);
}

/** Writes an owner down by the documented bits. */
export function ownerOf(pid: number, startedAt: bigint): bigint {
  const [id, start] = tableOf("table: owner").map(({ bits }) => {
    const [from, to] = bits!.split("–").map(Number);
    return { from: BigInt(from!), width: to! - from! + 1 };
  });
  return BigInt.asUintN(id!.width, BigInt(pid)) << id!.from |
    BigInt.asUintN(start!.width, startedAt / 10_000n) << start!.from;
}

/** The owner that this process writes into its places. */
export function ownOwner(): bigint {
  return ownerOf(Deno.pid, startOf());
}

export function roundUp(length: number, multiple: number): number {
  return Math.ceil(length / multiple) * multiple;
}

/** Bytes that differ from message to message. */
export function messageOf(length: number, seed: number): Bytes {
  return Uint8Array.from({ length }, (_, index) => (seed * 31 + index * 7 + 1) & 0xff);
}

/** The documented name of an object of a product, which has a word in it. */
export function objectName(product: string, word: string): string {
  const found = tableOf("table: objects").find((row) =>
    row.product === product && row.name!.includes(word)
  );
  assert(found !== undefined, `the documentation names no "${word}" of a ${product}`);
  return found.name!;
}
