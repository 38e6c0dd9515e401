/**
 * Shared memory: with a name, without a name, or over a file.
 *
 * @module
 */

import { unless } from "../../ffi/error.ts";
import { objectName } from "../names.ts";
import { assertOptions, type OptionChecks } from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import {
  takeToken,
  tokenOver,
  type WorkerToken,
  type WorkerTokenFields,
} from "../../ffi/worker_token.ts";
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
import { sectionLabel } from "./mapping.ts";
import { FROM_FILE_CHECKS, type FromFileOptions, openFile } from "./mapped_file.ts";
import {
  type MapOptions,
  type Mappable,
  type MappedView,
  mapView,
  type MemoryAccess,
} from "./mapped_view.ts";

/** Options for waiting for shared memory and opening it. */
export interface WaitForOptions extends OpenOptions, WaitOptions {}

/** The checks of {@linkcode WaitForOptions}. */
export const WAIT_FOR_CHECKS: OptionChecks<WaitForOptions> = { ...OPEN_CHECKS, ...WAIT_CHECKS };

/**
 * Makes the object for memory that was opened or created elsewhere. Rings, for example, have their
 * own label for their memory.
 */
export let sharedMemoryOver: (
  memory: Mappable,
  name: string | undefined,
  created: boolean,
) => SharedMemory;

/**
 * Memory that several processes can map. Windows calls it a section, or a file mapping object.
 *
 * New memory is filled with zeros. It exists for as long as any process holds a handle or a view of
 * it. The views of this object stay valid after the object is closed.
 *
 * Like all objects of this module that own a handle, a `SharedMemory` cannot be cloned:
 * `structuredClone` and `postMessage` throw. To share memory with a Worker, post the token of
 * {@linkcode SharedMemory.forWorker}.
 *
 * @example Write in one process and read in another
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * // One process creates the memory and writes …
 * using memory = SharedMemory.create("greeting", 4096);
 * using view = memory.map();
 * new TextEncoder().encodeInto("hello", view.bytes);
 *
 * // … and another process waits until the memory exists, and reads.
 * using same = await SharedMemory.waitFor("greeting", { timeout: 10_000 });
 * using seen = same.map();
 * assertEquals(new TextDecoder().decode(seen.bytes.slice(0, 5)), "hello");
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/memory/file-mapping}
 */
export class SharedMemory extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`, or `undefined` for memory without a name. */
  readonly name: string | undefined;
  /** Whether this object created the memory; `false` if the memory existed before. */
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
   * Creates new memory with a name.
   *
   * @param name The name; without a prefix it is shared within the Windows session (`Local\`).
   * @param byteLength The size in bytes, at least 1.
   * @throws {Deno.errors.AlreadyExists} If an object with this name exists.
   * @throws {Deno.errors.PermissionDenied} If this user cannot create `Global\` memory.
   * @throws {TypeError} If an argument is of the wrong kind, or the name is invalid.
   * @throws {RangeError} If the size or the name's length is out of range.
   * @throws {Win32Error} If the system does not have enough memory.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
   */
  static create(name: string, byteLength: number, options: CreateOptions = {}): SharedMemory {
    const full = objectName(name);
    assertByteLength(byteLength);
    assertOptions(options, CREATE_CHECKS);
    return new SharedMemory(createMemory(full, byteLength, options), full, true);
  }

  /**
   * Opens memory by its name, for reading unless `access` is `"readwrite"`.
   *
   * A struct in a view for reading throws when it is assigned to. An array over such a view does
   * not throw: the write goes to a private copy of the page (4,096 bytes). Other processes never
   * see this copy, and the copy no longer follows their writes.
   *
   * @example Open memory for reading, and for writing
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
   * @throws {Deno.errors.NotFound} If no memory has this name, or it is still being initialised.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the memory with this access, or
   *   `owner` is `"self"` and another user created it.
   * @throws {Deno.errors.InvalidData} If an object of another kind has the name.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-openfilemappingw}
   */
  static open(name: string, options: OpenOptions = {}): SharedMemory {
    const full = objectName(name);
    assertOptions(options, OPEN_CHECKS);
    return new SharedMemory(openMemory(full, options), full, false);
  }

  /**
   * Opens memory by its name for reading and writing, or creates it if it does not exist.
   *
   * Existing memory can be larger than `byteLength`, because Windows allocates whole pages of 4096
   * bytes. Existing memory keeps its `security`.
   *
   * @param byteLength The minimum size in bytes, at least 1; new memory has exactly this size.
   * @throws {Deno.errors.InvalidData} If the memory exists, and is smaller or its `reserve`
   *   differs.
   * @throws {Deno.errors.Busy} If `initialize` transferred the buffer of its view away. No process
   *   can open the memory then.
   * @throws {Deno.errors.TimedOut} If another process has not initialised the memory within
   *   `timeout`.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the memory for writing, or
   *   `owner` is `"self"` and another user created it.
   * @throws {Deno.errors.InvalidData} If an object of another kind has the name.
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
   * Waits until memory with this name exists, and opens it for reading unless `access` is
   * `"readwrite"`. {@linkcode SharedMemory.open} explains the effect of a write.
   *
   * Windows does not announce new names. So this method tries to open the memory every millisecond
   * at first, and later every 32 milliseconds.
   *
   * @throws {Deno.errors.TimedOut} If the memory does not exist within `timeout`.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the memory with this access, or
   *   `owner` is `"self"` and another user created it.
   * @throws {Deno.errors.InvalidData} If an object of another kind has the name.
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
   * Creates new memory without a name. Other processes cannot open it, and reach it only through a
   * handle that they inherit or receive.
   *
   * @param byteLength The size in bytes, at least 1.
   * @throws {RangeError} If the size is out of range.
   * @throws {Win32Error} If the system does not have enough memory.
   */
  static anonymous(byteLength: number, options: CreateOptions = {}): SharedMemory {
    assertByteLength(byteLength);
    assertOptions(options, CREATE_CHECKS);
    return new SharedMemory(createMemory(undefined, byteLength, options), undefined, true);
  }

  /**
   * Opens a file on a disk as shared memory. A write to a view reaches the file at the latest when
   * the view is flushed.
   *
   * While the file is mapped, no program can shorten it. If the disk fails, such as a network drive
   * that disconnects, Windows ends a process that accesses the view.
   *
   * @param path The file's path, or a `URL` object with `file:`.
   * @throws {Deno.errors.NotFound} If the file does not exist.
   * @throws {Deno.errors.PermissionDenied} If this user cannot open the file, or it is a directory.
   * @throws {Deno.errors.InvalidData} If the file is empty, or is not a file on a disk.
   * @throws {RangeError} If `access` is `"read"`, and `byteLength` is more than the file's length.
   * @see {@link https://learn.microsoft.com/windows/win32/memory/file-mapping}
   */
  static fromFile(path: string | URL, options: FromFileOptions = {}): SharedMemory {
    assertOptions(options, FROM_FILE_CHECKS);
    return new SharedMemory(openFile(path, options), undefined, false);
  }

  /**
   * Takes over a handle of a section, such as a handle that another process put into this one.
   * Closing this object closes the handle.
   *
   * A refused handle stays open, and its owner stays the same.
   *
   * @param handle The handle's value in this process.
   * @throws {TypeError} If the value is neither a bigint nor an integer.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a section, or this script
   *   owns the handle already.
   * @throws {Deno.errors.InvalidData} If the section is an image section (a program or a DLL), or
   *   its size or access differs from the options.
   * @throws {Deno.errors.PermissionDenied} If the handle does not grant the right to read.
   */
  static fromHandle(handle: bigint | number, options: FromHandleOptions = {}): SharedMemory {
    assertOptions(options, FROM_HANDLE_CHECKS);
    return new SharedMemory(adoptSection(handle, options), undefined, false);
  }

  /**
   * Takes over the memory that the parent process passed on under a key. Parent and child must use
   * the same key.
   *
   * The handle is described in the environment variable `WINIPC_INHERIT_` + key. Its value has four
   * words, such as `184 section 4096 readwrite`: the handle's value, the kind of object, the size
   * in bytes, and the access. Reading it needs no `--allow-env`, because a Win32 call does it.
   *
   * A Worker gets a duplicate of the handle, so every thread of the process can take the memory.
   *
   * @throws {Deno.errors.NotFound} If no object was passed on under this key.
   * @throws {Deno.errors.BadResource} If the value is not a handle of a section, or this script
   *   took it already.
   * @throws {Deno.errors.InvalidData} If the variable has another form, or does not match the
   *   handle.
   * @throws {TypeError} If the key is invalid.
   */
  static inherited(key: string): SharedMemory {
    return new SharedMemory(inheritSection(key), undefined, false);
  }

  /**
   * Takes over the memory that another thread of this process posted by
   * {@linkcode SharedMemory.forWorker}. The memory is closed with this object, or when this Worker
   * ends.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of memory.
   */
  static fromWorker(token: WorkerTokenFields): SharedMemory {
    const [handle] = takeToken(token, "memory");
    const { name } = token;
    const label = name === undefined ? undefined : sectionLabel(name);
    return new SharedMemory(adoptSection(handle!, {}, label), name, false);
  }

  /**
   * The size in bytes. If this object created the memory, this is the requested size. If the memory
   * existed before, it is the section's size: whole pages of 4096 bytes. For a file it is exact.
   */
  get byteLength(): number {
    return this.#mappable.byteLength;
  }

  /** The access to the memory through this object: `"read"` or `"readwrite"`. */
  get access(): MemoryAccess {
    return this.#mappable.access;
  }

  /** Whether this object is closed. */
  get closed(): boolean {
    return this.#mappable.section.closed;
  }

  /**
   * **UNSAFE**: the section's handle, for the script's own Win32 calls. It is closed with this
   * object.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  get unsafeHandle(): bigint {
    return this.#mappable.section.value;
  }

  /**
   * Maps a part of the memory into this process.
   *
   * @throws {RangeError} If the part is not within the memory.
   * @throws {Deno.errors.PermissionDenied} If the view's access is `"readwrite"`, but this object's
   *   access is `"read"`.
   * @throws {Deno.errors.NotFound} If the memory is reserved, this object's access is `"read"`, and
   *   no process with write access has mapped all of this part yet.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {Win32Error} If the address space or the system's memory is exhausted.
   * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-mapviewoffile}
   */
  map(options: MapOptions = {}): MappedView {
    return mapView(this.#mappable, options);
  }

  /**
   * Returns a second object for the same memory, whose handle can only read.
   *
   * Pass such a handle on to seal memory without a name. The descriptor of this memory grants
   * nothing, so no process can make a writable handle from it. Memory with a name cannot be
   * sealed from its own user: this user's processes can open it again by its name, or duplicate the
   * handle with more rights.
   *
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  toReadOnly(): SharedMemory {
    return new SharedMemory(duplicateHere(this.#mappable, "read"), this.name, false);
  }

  /**
   * Returns a second object for the same memory. Child processes that start while it is open
   * inherit its handle.
   *
   * `inheritHandles` does the same for a `Deno.Command`, and also describes the handle to the
   * child.
   *
   * @param access The access that the handle grants. @default the access of this object
   * @throws {Deno.errors.PermissionDenied} If `access` is `"readwrite"`, but this object's access
   *   is `"read"`.
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  toInheritable(access: MemoryAccess = this.access): SharedMemory {
    return new SharedMemory(duplicateHere(this.#mappable, access, true), this.name, false);
  }

  /**
   * Puts a handle of the memory into another process, which then owns the handle. Send the handle's
   * value to that process; it can take the handle over by `SharedMemory.fromHandle`.
   *
   * @throws {Deno.errors.NotFound} If there is no process with this id.
   * @throws {Deno.errors.PermissionDenied} If this user cannot put handles into the process, or
   *   `access` is `"readwrite"`, but this object's access is `"read"`.
   * @throws {Deno.errors.BadResource} If this object is closed.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @see {@link https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-duplicatehandle}
   */
  duplicateTo(pid: number, options: DuplicateToOptions = {}): DuplicatedMemory {
    assertOptions(options, DUPLICATE_TO_CHECKS);
    return duplicateTo(this.#mappable, pid, options);
  }

  /**
   * Makes a token that hands the memory over to a Worker, or from a Worker to its parent: post the
   * token, and pass it to {@linkcode SharedMemory.fromWorker} there. That thread gets a handle of
   * its own.
   *
   * A token works once. Close a token that nobody takes.
   *
   * @param options The `access` that the other thread gets.
   * @throws {Deno.errors.PermissionDenied} If `access` is `"readwrite"`, but this object's access
   *   is `"read"`.
   * @throws {Deno.errors.BadResource} If this object is closed.
   */
  forWorker(options: DuplicateToOptions = {}): WorkerToken {
    assertOptions(options, DUPLICATE_TO_CHECKS);
    const { access = this.access } = options;
    const handle = duplicateHere(this.#mappable, access).section.release();
    return tokenOver("memory", this.name, handle);
  }

  /** Closes the handles. Views stay valid, and each open view keeps the memory in existence. */
  close(): void {
    this.#mappable.section.close();
    this.#mappable.file?.close();
  }

  /** Closes this object at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
