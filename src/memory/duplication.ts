/**
 * Handles of a memory for others: with fewer rights, and in other processes.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
 * @module
 */

import { assertInteger, assertOneOf } from "../../ffi/arguments.ts";
import type { Handle } from "../../ffi/handle.ts";
import { closeHandleIn, openProcess, putHandle } from "../../ffi/process.ts";
import { type Mappable, MEMORY_ACCESS, type MemoryAccess } from "./mapped_view.ts";
import { FILE_MAP_READ, FILE_MAP_WRITE, SECTION_QUERY } from "./section.ts";

/** What a handle in another process is to be like. */
export interface DuplicateToOptions {
  /** What it lets the process do. @default what the memory was opened for */
  access?: MemoryAccess;
}

/** The rights of handles that are passed on. */
const RIGHTS: Record<MemoryAccess, number> = {
  read: FILE_MAP_READ | SECTION_QUERY,
  readwrite: FILE_MAP_READ | FILE_MAP_WRITE | SECTION_QUERY,
};

/** A handle of a memory in another process, which that process owns. */
export class DuplicatedMemory implements Disposable {
  /** The process that has it. */
  readonly pid: number;
  /** The handle's value there. */
  readonly value: bigint;
  /** The memory's size in bytes. */
  readonly byteLength: number;
  /** What it lets the process do. */
  readonly access: MemoryAccess;
  readonly #section: Handle;

  /**
   * Puts a handle into a process.
   *
   * @param memory The memory.
   * @param pid The process.
   * @param access What it lets the process do.
   */
  constructor(memory: Mappable, pid: number, access: MemoryAccess) {
    this.pid = pid;
    this.access = access;
    this.byteLength = memory.byteLength;
    using process = openProcess(pid);
    // Made first, for when it cannot be made there must be nothing in the other process.
    this.#section = memory.section.duplicate();
    try {
      this.value = putHandle(process, memory.section, RIGHTS[access]);
    } catch (error) {
      this.#section.close();
      throw error;
    }
  }

  /**
   * Closes the handle in the other process, for one that will not take it: that is looked
   * at first, so that no other handle is closed whose number is now the same.
   *
   * A process that closes its handle itself at the very same time can still get another
   * one closed; so this is not for a process that has been told of it and may use it.
   *
   * @returns Whether it was there and is closed now; `false` also when the process is gone.
   * @throws {Deno.errors.PermissionDenied} If the process cannot be opened any more.
   */
  revoke(): boolean {
    if (this.#section.closed) return false;
    try {
      using process = openProcess(this.pid);
      return closeHandleIn(process, this.value, this.#section);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    } finally {
      this.#section.close();
    }
  }

  /** Lets go of what is needed to revoke it; the other process keeps its handle. */
  close(): void {
    this.#section.close();
  }

  /** Lets go of it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes a duplicate in this process.
 *
 * @param memory The memory.
 * @param access What the duplicate grants.
 * @param inheritable Whether child processes inherit it.
 */
export function duplicateHere(
  memory: Mappable,
  access: MemoryAccess,
  inheritable: boolean = false,
): Mappable {
  assertGrants(memory, access);
  return {
    ...memory,
    section: memory.section.duplicate({ access: RIGHTS[access], inheritable }),
    file: undefined,
    access,
  };
}

/**
 * Puts a handle of a memory into another process.
 *
 * @param memory The memory.
 * @param pid The process.
 * @param options What the handle is to be like.
 */
export function duplicateTo(
  memory: Mappable,
  pid: number,
  { access = memory.access }: DuplicateToOptions,
): DuplicatedMemory {
  assertInteger("pid", pid, 0, 2 ** 32 - 1);
  assertGrants(memory, access);
  return new DuplicatedMemory(memory, pid, access);
}

/** Throws unless a memory was opened for what is to be passed on. */
function assertGrants(memory: Mappable, access: MemoryAccess): void {
  assertOneOf("access", access, MEMORY_ACCESS);
  if (access === "readwrite" && memory.access === "read") {
    throw new Deno.errors.PermissionDenied(
      `Cannot pass ${memory.label} on to be written: it was opened to be read`,
    );
  }
}
