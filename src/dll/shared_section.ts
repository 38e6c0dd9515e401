/**
 * Variables in a DLL's shared section.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dlls/using-shared-memory-in-a-dynamic-link-library}
 * @module
 */

import { assertOptions, assertString, type OptionChecks } from "../../ffi/arguments.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import {
  type Counter,
  counterAt,
  type CounterName,
  type CounterValue,
  isCounterName,
} from "../struct/counter.ts";
import { mapImage, type MappedImage } from "./image.ts";
import { FieldView } from "../struct/field_view.ts";
import type { TypeLike } from "../struct/ctype.ts";
import type { PlacedField } from "../struct/placement.ts";
import { typeOf } from "../struct/scalar.ts";
import { MappedBuffers, type Mapping } from "../memory/mapping.ts";
import { type ImageSection, offsetIn } from "./pe/sections.ts";
import { decodeName } from "./pe/headers.ts";
import { assertVariables, type Variables } from "./build.ts";
import type { StructView } from "../struct/layout.ts";

/** Advice for messages: `#pragma data_seg` alone does not share an image section. */
const HOW_TO_SHARE = "share the image section with the linker option /SECTION:NAME,RWS (or " +
  '__attribute__((section("NAME"), shared)) in GCC), and initialise its variables';

/** Maximum length of a name in an image section's header, in bytes. */
const SHORT_NAME = 8;

/** Options of {@linkcode SharedSection.load}. */
export interface LoadOptions<V extends Variables> {
  /** The types of the exported variables to use, by variable name. @default none */
  exports?: V;
  /**
   * The image section's name, case-sensitive. Most linkers keep only the first 8 bytes of a longer
   * name. So if no image section has the whole name, the one with these 8 bytes is used.
   * @default the image section of the variables, or the first shared one
   */
  section?: string;
}

/** The checks of {@linkcode LoadOptions}, by option. */
export const LOAD_CHECKS: OptionChecks<LoadOptions<Variables>> = {
  exports: assertVariables,
  section: assertString,
};

/** The counters of the integer variables, by variable name. */
export type Counters<V extends Variables> = {
  readonly [K in keyof V as V[K] extends CounterName ? K : never]: V[K] extends CounterName
    ? Counter<CounterValue<V[K]>>
    : never;
};

/**
 * The shared section of a DLL. All processes that have loaded the same file share its variables.
 *
 * The DLL can come from {@linkcode buildSharedSection} or from a compiler. None of its code is run:
 * the file is only mapped. So a 64-bit script can load a DLL for 32-bit programs, too. The pointers
 * and `size_t` of such a DLL have 32 bits.
 *
 * - All processes must load the same file by the same path. A copy of the file has its own memory.
 *   A file on a network share can have its own memory, too.
 * - The variables have their initial values from the file when the first process loads it. After
 *   the last process has closed it, the next one to load it sees the initial values again.
 * - While the DLL is loaded, no process can write to the file. If the file is renamed and replaced,
 *   the old file and the new file have separate memory.
 * - There is no access control: every process that can read the file can write to the variables.
 *
 * @example Share variables of several types
 * ```ts
 * import { buildSharedSection, SharedSection } from "@winipc/winipc/dll";
 * import { array, utf16 } from "@winipc/winipc/struct";
 * import { assertEquals } from "@std/assert";
 *
 * const exports = { hits: "u32", name: utf16(16), points: array("f32", 2) } as const;
 * const path = `${Deno.makeTempDirSync()}/score.dll`;
 * Deno.writeFileSync(path, buildSharedSection({ variables: exports }));
 * {
 *   using section = SharedSection.load(path, { exports });
 *   section.variables.name = "Ada";
 *   section.counters.hits.add(1);
 *
 *   // Another process would see the same.
 *   using other = SharedSection.load(path, { exports });
 *   assertEquals([other.variables.name, other.variables.hits], ["Ada", 1]);
 * }
 * Deno.removeSync(path);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/dlls/using-shared-memory-in-a-dynamic-link-library}
 */
export class SharedSection<V extends Variables> extends Uncloneable implements Disposable {
  /** The image section's name, such as `.ASHARE`. */
  readonly name: string;
  readonly #label: string;
  #mapped: Mapped<V> | undefined;

  private constructor(name: string, label: string, mapped: Mapped<V>) {
    super();
    this.name = name;
    this.#label = label;
    this.#mapped = mapped;
  }

  /**
   * Maps the shared section of a DLL.
   *
   * @param path The path of the DLL, or a `file:` URL.
   * @throws {Deno.errors.InvalidData} If the image is corrupt, or Windows does not map images for
   *   its machine.
   * @throws {Deno.errors.InvalidData} If the image section is not shared, or not writable, or a
   *   variable is outside it. Also if it contains pointers or imports, which Windows would change
   *   for all processes.
   * @throws {Deno.errors.NotFound} If there is no such file, image section or variable.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to read the file, or
   *   application control refuses it.
   * @throws {Deno.errors.Busy} If a process has the file open for writing.
   * @throws {TypeError} If an argument is of the wrong kind.
   */
  static load<const V extends Variables = Record<never, never>>(
    path: string | URL,
    options: LoadOptions<V> = {},
  ): SharedSection<V> {
    assertOptions(options, LOAD_CHECKS);
    const { section, exports } = options;
    const image = mapImage(path);
    try {
      const addresses = findExports(image, Object.keys(exports ?? {}));
      const found = findSection(image, section, addresses);
      const fields = placeVariables(image, found, exports ?? {}, addresses);
      return new SharedSection(found.name, image.label, expose<V>(image.mapping, found, fields));
    } catch (error) {
      image.mapping[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * The variables as properties. An assignment changes the variable for all processes, and each
   * read returns the current value.
   *
   * `+=` and similar operators can lose a value that another process writes at the same time. Use
   * {@linkcode SharedSection.counters} instead.
   *
   * The object cannot be cloned or spread: copy the variables one at a time. `JSON.stringify`
   * writes all variables.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get variables(): StructView<V> {
    return this.#open().variables;
  }

  /**
   * The integer variables as counters, which change a variable atomically.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get counters(): Counters<V> {
    return this.#open().counters;
  }

  /**
   * The bytes of the image section: the shared memory itself, not a copy.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#open().bytes;
  }

  /** Whether the shared section is closed. */
  get closed(): boolean {
    return this.#mapped === undefined;
  }

  /**
   * Detaches the variables from the memory, and unmaps the DLL. After that, each access to a
   * variable throws a TypeError.
   *
   * @throws {Deno.errors.Busy} If the buffer of {@linkcode SharedSection.bytes} was transferred
   *   away. Its new owner can still access the memory, which stays mapped until the process ends.
   */
  close(): void {
    if (this.#mapped === undefined) return;
    const { buffers } = this.#mapped;
    this.#mapped = undefined;
    buffers.close(this.#label);
  }

  /** Closes the section at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): Mapped<V> {
    if (this.#mapped === undefined) {
      throw new Deno.errors.BadResource(`Image section ${this.name} of ${this.#label} is closed`);
    }
    return this.#mapped;
  }
}

/** An image section in this process's memory. */
interface Mapped<V extends Variables> {
  readonly buffers: MappedBuffers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly variables: StructView<V>;
  readonly counters: Counters<V>;
}

/** A variable with its offset in the image section, and its type as the script described it. */
interface PlacedVariable extends PlacedField {
  readonly description: TypeLike;
}

/** Returns the addresses of exported variables by name, in bytes from the image's base. */
function findExports({ info, label }: MappedImage, names: readonly string[]): Map<string, number> {
  const known = new Map(info.exports.map((exported) => [exported.name, exported]));
  return new Map(names.map((name) => {
    const found = known.get(name);
    if (found === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot find export ${JSON.stringify(name)}: ${label} does not export it`,
      );
    }
    if (found.forwarder !== undefined) {
      throw new Deno.errors.InvalidData(
        `Cannot share ${name}: ${label} forwards it to ${found.forwarder}`,
      );
    }
    return [name, found.address];
  }));
}

/**
 * Returns the image section with the wanted name, or with the variables, or the first shared one.
 */
function findSection(
  { info, label }: MappedImage,
  wanted: string | undefined,
  addresses: ReadonlyMap<string, number>,
): ImageSection {
  const { sections } = info;
  const [first] = addresses.values();
  const has = (section: ImageSection) =>
    first !== undefined && offsetIn(section, first) !== undefined;
  const isShared = ({ shared, writable }: ImageSection) => shared && writable;
  // Several image sections can have the same name.
  const named = wanted === undefined ? [] : sectionsNamed(sections, wanted);
  const section = wanted === undefined
    ? sections.find(first === undefined ? isShared : has)
    : named.find(has) ?? named.find(isShared) ?? named[0];
  if (section === undefined && first !== undefined && wanted === undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot share variables of ${label}: they are in no image section`,
    );
  }
  if (section === undefined) {
    const names = sections.map(({ name }) => name).join(", ") || "no image sections";
    const what = wanted === undefined ? "a shared image section" : `image section ${wanted}`;
    const short = wanted === undefined ? wanted : shortName(wanted);
    const hint = wanted === short
      ? HOW_TO_SHARE
      : `linkers can shorten a name to ${SHORT_NAME} bytes, but there is no ${short} either`;
    throw new Deno.errors.NotFound(`Cannot find ${what} in ${label}, which has ${names}; ${hint}`);
  }
  if (!section.shared) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${section.name} of ${label}: each process has its own copy; ` +
        HOW_TO_SHARE,
    );
  }
  if (!section.writable) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${section.name} of ${label}: it is not writable; ${HOW_TO_SHARE}`,
    );
  }
  return section;
}

/** Returns the image sections with a name, or if there is none, with the shortened name. */
function sectionsNamed(sections: readonly ImageSection[], wanted: string): ImageSection[] {
  const found = sections.filter(({ name, headerName }) => name === wanted || headerName === wanted);
  return found.length > 0
    ? found
    : sections.filter(({ headerName }) => headerName === shortName(wanted));
}

/** Returns the part of a name that fits into an image section's header. */
function shortName(name: string): string {
  return decodeName(new TextEncoder().encode(name).subarray(0, SHORT_NAME));
}

/** Returns the variables with their offsets in the image section. */
function placeVariables(
  { info, label }: MappedImage,
  section: ImageSection,
  exports: Variables,
  addresses: ReadonlyMap<string, number>,
): PlacedVariable[] {
  return Object.entries(exports).map(([name, description]) => {
    const type = typeOf(description, name);
    const address = addresses.get(name)!;
    const offset = offsetIn(section, address);
    if (offset === undefined) {
      const other = info.sections.find((section) => offsetIn(section, address) !== undefined);
      throw new Deno.errors.InvalidData(
        `Cannot share ${name}: it is in ${
          other ? `image section ${other.name}` : "no image section"
        } of ${label}, not in ` +
          `${section.name}; ${HOW_TO_SHARE}`,
      );
    }
    if (offset + type.byteLength > section.byteLength) {
      throw new Deno.errors.InvalidData(
        `Cannot share ${name}: its ${type.byteLength} bytes at offset ${offset} end beyond the ` +
          `${section.byteLength} bytes of image section ${section.name} of ${label}`,
      );
    }
    return { name, type, offset, description };
  });
}

/** Returns the bytes, variables and counters of an image section. */
function expose<V extends Variables>(
  mapping: Mapping,
  section: ImageSection,
  variables: readonly PlacedVariable[],
): Mapped<V>;
function expose(
  mapping: Mapping,
  { name, address, byteLength }: ImageSection,
  variables: readonly PlacedVariable[],
): { buffers: MappedBuffers; bytes: Uint8Array<ArrayBuffer>; variables: object; counters: object } {
  // The header says that the pages are writable. This is checked, because a write to a read-only
  // page would crash the process.
  if (!mapping.isWritable(address, byteLength)) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${name}: Windows has mapped it read-only`,
    );
  }
  const buffers = new MappedBuffers(mapping, { offset: address, byteLength });
  // The variables have their own buffer, so they still work if a script transfers `bytes` away.
  const buffer = buffers.addPrivate();
  return {
    buffers,
    bytes: new Uint8Array(buffers.shared),
    variables: FieldView.over(variables)(new DataView(buffer)),
    counters: Object.preventExtensions(Object.defineProperties(
      {},
      Object.fromEntries(variables.flatMap(counterProperty(buffer))),
    )),
  };
}

/** Returns the property for a variable's counter, or nothing if the variable is not an integer. */
function counterProperty(buffer: ArrayBuffer) {
  return ({ name, offset, description }: PlacedVariable): [string, PropertyDescriptor][] => {
    if (!isCounterName(description)) return [];
    let counter: Counter<number | bigint> | undefined;
    const get = () => counter ??= counterAt(description, buffer, offset, name);
    return [[name, { enumerable: true, get }]];
  };
}
