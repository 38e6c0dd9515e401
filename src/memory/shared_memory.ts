/**
 * Memory that processes share: by name, without one, or over a file.
 *
 * @module
 */

import { unless } from "../../ffi/error.ts";
import { objectName } from "../names.ts";
import { assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import {
  adoptSection,
  DUPLICATE_TO_CHECKS,
  type DuplicatedMemory,
  duplicateHere,
  duplicateTo,
  type DuplicateToOptions,
  FROM_HANDLE_CHECKS,
  type FromHandleOptions,
  inheritSection,
} from "./handles.ts";
import {
  assertByteLength,
  CREATE_CHECKS,
  createMemory,
  type CreateOptions,
  OPEN_CHECKS,
  OPEN_OR_CREATE_CHECKS,
  openMemory,
  type OpenOptions,
  openOrCreateMemory,
  type OpenOrCreateOptions,
} from "./creation.ts";
import { FROM_FILE_CHECKS, type FromFileOptions, openFile } from "./mapped_file.ts";
import {
  type MapOptions,
  type Mappable,
  type MappedView,
  mapView,
  type MemoryAccess,
} from "./mapped_view.ts";

/** How to wait for a memory, and how to open it. */
export interface WaitForOptions extends OpenOptions, WaitOptions {}

/** The checks of {@linkcode WaitForOptions}. */
export const WAIT_FOR_CHECKS: OptionChecks<WaitForOptions> = { ...OPEN_CHECKS, ...WAIT_CHECKS };

/**
 * Makes the object for a memory that was opened or made: for what lives in memory, and gives it a
 * label of its own.
 */
export let sharedMemoryOver: (
  memory: Mappable,
  name: string | undefined,
  created: boolean,
) => SharedMemory;

/**
 * Memory that several processes can map: a section, which Windows also calls a
 * file mapping object.
 *
 * It is there for as long as a process holds a handle or a view of it, and is
 * zero-filled when it is new. Closing this object leaves its views valid.
 *
 * Like all objects of this module that own something, a `SharedMemory` cannot be cloned:
 * `structuredClone` and `postMessage` throw. Send its name to a Worker, which opens it. If it has no
 * name, send `duplicateTo(Deno.pid).value`, which the Worker passes to `fromHandle`.
 *
 * @example
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * // One process makes it and writes …
 * using memory = SharedMemory.create("greeting", 4096);
 * using view = memory.map();
 * new TextEncoder().encodeInto("hello", view.bytes);
 *
 * // … and another waits until it is there, and reads.
 * using same = await SharedMemory.waitFor("greeting", { timeout: 10_000 });
 * using seen = same.map();
 * assertEquals(new TextDecoder().decode(seen.bytes.slice(0, 5)), "hello");
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/file-mapping}
 */
export class SharedMemory extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`, or `undefined` if it has none. */
  readonly name: string | undefined;
  /** Whether this object made the memory, rather than open one that was there. */
  readonly created: boolean;
  readonly #mappable: Mappable;

  static {
    sharedMemoryOver = (memory, name, created) => new SharedMemory(memory, name, created);
  }

  private constructor(mappable: Mappable, name: string | undefined, created: boolean) {
    super();
    this.#mappable = mappable;
    this.name = name;
    this.created = created;
  }

  /**
   * Makes a new memory under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @param byteLength The size in bytes, at least 1.
   * @param options What it is to be like.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {Deno.errors.PermissionDenied} If this user may not make `Global\` memory.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is invalid.
   * @throws {RangeError} If the size or the name's length is out of range.
   * @throws {Win32Error} If the system has not that much memory left.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
   */
  static create(name: string, byteLength: number, options: CreateOptions = {}): SharedMemory {
    const full = objectName(name);
    assertByteLength(byteLength);
    assertOptions(options, CREATE_CHECKS);
    return new SharedMemory(createMemory(full, byteLength, options), full, true);
  }

  /**
   * Opens the memory of a name, to read it unless `access` says otherwise.
   *
   * To write, open the memory with `access: "readwrite"`. In a view to read, a struct throws when it is
   * assigned to. An array over such a view does not throw: the script then writes to a private copy of
   * the page (4,096 bytes). Other processes never see the copy, and it no longer follows what they write.
   *
   * @example
   * ```ts
   * import { SharedMemory } from "@winipc/winipc/memory";
   * import { struct } from "@winipc/winipc/struct";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * const Speed = struct({ kmh: "f32" });
   * using made = SharedMemory.create("speed", Speed.byteLength);
   *
   * using toRead = SharedMemory.open("speed");
   * using read = toRead.map();
   * assertThrows(() => Speed.view(read).kmh = 80, TypeError, 'access: "readwrite"');
   *
   * using toWrite = SharedMemory.open("speed", { access: "readwrite" });
   * using written = toWrite.map();
   * Speed.view(written).kmh = 80;
   * assertEquals(Speed.read(read), { kmh: 80 });
   * ```
   *
   * @throws {Deno.errors.NotFound} If nobody holds it, or it is still being initialised.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it so, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw}
   */
  static open(name: string, options: OpenOptions = {}): SharedMemory {
    const full = objectName(name);
    assertOptions(options, OPEN_CHECKS);
    return new SharedMemory(openMemory(full, options), full, false);
  }

  /**
   * Opens the memory of a name, or creates it if nobody holds it.
   *
   * Memory that exists may be larger, for Windows gives whole pages of 4096 bytes. Its `security` stays.
   *
   * @param byteLength The size in bytes that the memory must have at least.
   * @throws {Deno.errors.InvalidData} If the memory exists, and is smaller or `reserve` is different.
   * @throws {Deno.errors.Busy} If `initialize` transferred the buffer of its view away; nobody is admitted.
   * @throws {Deno.errors.TimedOut} If another process takes too long to initialise it.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it to write, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static openOrCreate(
    name: string,
    byteLength: number,
    options: OpenOrCreateOptions = {},
  ): SharedMemory {
    const full = objectName(name);
    assertByteLength(byteLength);
    assertOptions(options, OPEN_OR_CREATE_CHECKS);
    const { memory, created } = openOrCreateMemory(full, byteLength, options);
    return new SharedMemory(memory, full, created);
  }

  /**
   * Waits until somebody makes the memory of a name, and opens it: to read, unless `access` says
   * otherwise. {@linkcode SharedMemory.open} says what happens to writes.
   *
   * Windows does not announce new names: it is looked for each millisecond at
   * first, and every 32 milliseconds later.
   *
   * @param options How to open it, and how long to wait.
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it so, or another user made it.
   * @throws {Deno.errors.InvalidData} If the name belongs to an object of another kind.
   */
  static async waitFor(name: string, options: WaitForOptions = {}): Promise<SharedMemory> {
    const full = objectName(name);
    assertOptions(options, WAIT_FOR_CHECKS);
    const memory = await poll(
      `shared memory "${full}"`,
      () => unless(Deno.errors.NotFound, () => openMemory(full, options)),
      options,
    );
    return new SharedMemory(memory, full, false);
  }

  /**
   * Makes a new memory without a name: nobody can guess it or open it, and other
   * processes get at it only by a handle that is given to them.
   *
   * @param byteLength The size in bytes, at least 1.
   * @param options What it is to be like.
   * @throws {RangeError} If the size is out of range.
   * @throws {Win32Error} If the system has not that much memory left.
   */
  static anonymous(byteLength: number, options: CreateOptions = {}): SharedMemory {
    assertByteLength(byteLength);
    assertOptions(options, CREATE_CHECKS);
    return new SharedMemory(createMemory(undefined, byteLength, options), undefined, true);
  }

  /**
   * Shares a file on a disk: what is written to a view is in the file, at the latest
   * when the view is flushed.
   *
   * While it is mapped, nobody can shorten the file. Should the disk fail under a
   * mapped file (a network drive that goes away), Windows ends the process that touches it.
   *
   * @param path The file's path, or a `URL` object with `file:`.
   * @param options Which part, and what for.
   * @throws {Deno.errors.NotFound} If there is no such file.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it, or it is a directory.
   * @throws {Deno.errors.InvalidData} If it is empty, or no file on a disk.
   * @throws {RangeError} If it is to be read beyond its end.
   * @see {@link https://learn.microsoft.com/windows/win32/memory/file-mapping}
   */
  static fromFile(path: string | URL, options: FromFileOptions = {}): SharedMemory {
    assertOptions(options, FROM_FILE_CHECKS);
    return new SharedMemory(openFile(path, options), undefined, false);
  }

  /**
   * Takes over a handle of a section that came from elsewhere; closing the memory closes it.
   *
   * What is refused stays open and belongs to whom it did.
   *
   * @param handle The handle's value in this process.
   * @param options What it has to be like.
   * @throws {TypeError} If it is neither a bigint nor an integer.
   * @throws {Deno.errors.BadResource} If it is no handle of a section, or this script owns it already.
   * @throws {Deno.errors.InvalidData} If the section is the image of a program, or not as it has to be.
   * @throws {Deno.errors.PermissionDenied} If the handle does not let this process read.
   */
  static fromHandle(handle: bigint | number, options: FromHandleOptions = {}): SharedMemory {
    assertOptions(options, FROM_HANDLE_CHECKS);
    return new SharedMemory(adoptSection(handle, options), undefined, false);
  }

  /**
   * Takes the memory that the process that started this one passed on, under a key that the
   * two agreed on.
   *
   * It reads an environment variable, through a Win32 call that needs no permission of Deno's:
   * `WINIPC_INHERIT_` and the key, with four words in it, such as `184 section 4096 readwrite`: the
   * handle's value, what it is of, its size in bytes, and what it grants.
   *
   * A Worker takes a handle of its own: all threads of the process can take it.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.BadResource} If it is no handle of a section, or was taken already.
   * @throws {Deno.errors.InvalidData} If the variable says something else, or something untrue.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedMemory {
    return new SharedMemory(inheritSection(key), undefined, false);
  }

  /**
   * The size in bytes: what was asked for when this object made the memory, what
   * the section really has when it was opened (whole pages of 4096 bytes for
   * memory, the exact length for a file).
   */
  get byteLength(): number {
    return this.#mappable.byteLength;
  }

  /** What it was opened for. */
  get access(): MemoryAccess {
    return this.#mappable.access;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#mappable.section.closed;
  }

  /**
   * **UNSAFE**: the section's handle, for a Win32 call of one's own. It is closed
   * with this object.
   *
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  get unsafeHandle(): bigint {
    return this.#mappable.section.value;
  }

  /**
   * Makes a part of the memory visible in this process.
   *
   * @param options Which part, and what for.
   * @throws {RangeError} If the part is not within the memory.
   * @throws {Deno.errors.PermissionDenied} If it is to be written and was opened to be read.
   * @throws {Deno.errors.NotFound} If the memory is reserved, was opened to be read, and no writer
   *   has mapped all of this part yet.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {Win32Error} If the address space or the system's memory is used up.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile}
   */
  map(options: MapOptions = {}): MappedView {
    return mapView(this.#mappable, options);
  }

  /**
   * Gives the same memory by a handle that can only read, for one's own use or to pass on.
   *
   * That seals memory without a name, whose descriptor grants nothing: no handle that can
   * write can be made from it. Named memory cannot be sealed from its own user, who may open
   * it again by its name, or have Windows make a handle that may do more.
   *
   * @throws {Deno.errors.BadResource} If the memory is closed.
   */
  toReadOnly(): SharedMemory {
    return new SharedMemory(duplicateHere(this.#mappable, "read"), this.name, false);
  }

  /**
   * Gives the same memory by a handle that child processes inherit, for as long as it is open.
   *
   * `inheritHandles` does that for a `Deno.Command`, and tells the child as well.
   *
   * @param access What the handle grants. @default what the memory was opened for
   * @throws {Deno.errors.PermissionDenied} If the memory was opened to be read and is to be passed on to
   *   be written.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   */
  toInheritable(access: MemoryAccess = this.access): SharedMemory {
    return new SharedMemory(duplicateHere(this.#mappable, access, true), this.name, false);
  }

  /**
   * Puts a handle of the memory into another process, which then owns it and has to be told
   * its value.
   *
   * @param options What the handle is to be like.
   * @throws {Deno.errors.NotFound} If there is no such process.
   * @throws {Deno.errors.PermissionDenied} If this user may not give it handles, or the memory was opened to
   *   be read and is to be passed on to be written.
   * @throws {Deno.errors.BadResource} If the memory is closed.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicateTo(pid: number, options: DuplicateToOptions = {}): DuplicatedMemory {
    assertOptions(options, DUPLICATE_TO_CHECKS);
    return duplicateTo(this.#mappable, pid, options);
  }

  /** Closes the handles. Views stay valid, and the memory lives on while anybody has one. */
  close(): void {
    this.#mappable.section.close();
    this.#mappable.file?.close();
  }

  /** Closes the memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
