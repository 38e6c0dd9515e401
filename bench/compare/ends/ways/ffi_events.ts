/**
 * Memory with events by the FFI of another runtime than Deno.
 *
 * @module
 */

import type { Link, Side } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";
import { SlotLink, SLOTS_LENGTH, type Turns } from "./slot.ts";

/** A name as UTF-16 with its terminator. */
type Wide = Uint16Array<ArrayBuffer>;

/** The functions of kernel32.dll that the way calls. Handles and addresses are numbers. */
export interface Kernel32 {
  CreateFileMappingW(
    file: number,
    security: null,
    protection: number,
    sizeHigh: number,
    sizeLow: number,
    name: Wide,
  ): number;
  MapViewOfFile(
    section: number,
    access: number,
    offsetHigh: number,
    offsetLow: number,
    byteLength: number,
  ): number;
  CreateEventW(security: null, isManual: number, isSet: number, name: Wide): number;
  SetEvent(event: number): number;
  WaitForSingleObject(handle: number, milliseconds: number): number;
  CloseHandle(handle: number): number;
}

/** The FFI of a runtime. */
export interface Ffi {
  readonly kernel32: Kernel32;
  /** Returns the memory at an address. */
  memoryAt(address: number, byteLength: number): ArrayBuffer;
}

const INVALID_HANDLE_VALUE = -1;
const PAGE_READWRITE = 0x04;
const FILE_MAP_WRITE = 0x02;
const WAIT_OBJECT_0 = 0;

/** Opens an end, and creates those objects that its peer has not created yet. */
export function openEvents({ kernel32, memoryAt }: Ffi, side: Side, name: string): Link {
  const section = check(
    "CreateFileMappingW",
    kernel32.CreateFileMappingW(
      INVALID_HANDLE_VALUE,
      null,
      PAGE_READWRITE,
      0,
      SLOTS_LENGTH,
      wide(name),
    ),
  );
  const address = check(
    "MapViewOfFile",
    kernel32.MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, SLOTS_LENGTH),
  );
  // The section and the view stay until the process ends: the section keeps the name, and scripts
  // can still reach the memory.
  const memory = new Uint8Array(memoryAt(address, SLOTS_LENGTH));
  return new SlotLink(side, memory, new EventTurns(kernel32, name));
}

class EventTurns implements Turns {
  readonly #kernel32: Kernel32;
  readonly #filled: Record<Side, number>;
  readonly #empty: Record<Side, number>;

  constructor(kernel32: Kernel32, name: string) {
    this.#kernel32 = kernel32;
    const open = (what: string, isSet: boolean) =>
      check("CreateEventW", kernel32.CreateEventW(null, 0, Number(isSet), wide(`${name}-${what}`)));
    this.#filled = { near: open("near-filled", false), far: open("far-filled", false) };
    this.#empty = { near: open("near-empty", true), far: open("far-empty", true) };
  }

  wait(from: Side, filled: boolean): void {
    const result = this.#kernel32.WaitForSingleObject(this.#event(from, filled), PATIENCE);
    if (result !== WAIT_OBJECT_0) throw new Error(`The peer did nothing for ${PATIENCE} ms`);
  }

  tell(from: Side, filled: boolean): void {
    check("SetEvent", this.#kernel32.SetEvent(this.#event(from, filled)));
  }

  close(): void {
    for (const events of [this.#filled, this.#empty]) {
      for (const event of Object.values(events)) this.#kernel32.CloseHandle(event);
    }
  }

  #event(from: Side, filled: boolean): number {
    return (filled ? this.#filled : this.#empty)[from];
  }
}

/** Returns the result of a function that returns 0 when it fails. */
function check(name: string, result: number): number {
  // Bun returns null for the address 0.
  if (!result) throw new Error(`${name} failed`);
  return result;
}

/** Returns a name for functions whose names end in W. */
function wide(name: string): Wide {
  return Uint16Array.from(`${name}\0`, (unit) => unit.charCodeAt(0));
}
