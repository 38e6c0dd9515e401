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
} from "./counter.ts";
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

/** What `#pragma data_seg` alone does not do. */
const HOW_TO_SHARE =
  "the linker has to be told to share an image section, by /SECTION:NAME,RWS (or " +
  '__attribute__((section("NAME"), shared)) for GCC), and only variables that are initialised are in it';

/** An image section's header has room for a name of this many bytes. */
const SHORT_NAME = 8;

/** Which of a DLL's variables to share. */
export interface LoadOptions<V extends Variables> {
  /** The exported variables, with their types. @default none */
  exports?: V;
  /**
   * The image section's name, case-sensitive. Most linkers keep the first 8 bytes of a longer name. So
   * if there is no image section of the whole name, one of these 8 bytes is taken.
   * @default that of the variables, or the first one that is shared
   */
  section?: string;
}

/** The checks of {@linkcode LoadOptions}. */
export const LOAD_CHECKS: OptionChecks<LoadOptions<Variables>> = {
  exports: assertVariables,
  section: assertString,
};

/** The integers among variables. */
export type Counters<V extends Variables> = {
  readonly [K in keyof V as V[K] extends CounterName ? K : never]: V[K] extends CounterName
    ? Counter<CounterValue<V[K]>>
    : never;
};

/**
 * The shared section of a DLL: its variables are one memory for all processes that have loaded
 * the same file.
 *
 * The DLL may be one of {@linkcode buildSharedSection}, or one that a compiler made. Of
 * neither anything is run: the file is mapped as the loader would do it, and no more. So a DLL for
 * 32-bit programs can be loaded, too. Its pointers and its `size_t` have 32 bits.
 *
 * - It has to be the same file, by the same path: a copy of it has a memory of its own, and so
 *   may one that is reached over a network.
 * - The variables are what the file says when the first process loads it, and that is so again after
 *   the last one has closed it.
 * - While it is loaded, the file cannot be written to. One that is renamed, and replaced by
 *   another, leaves those who have loaded the old one among themselves.
 * - There is no access control: whoever can read the file can write to the variables.
 *
 * @example
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
   * @param path The DLL's path, or a `URL` object with `file:`.
   * @param options Which variables of it.
   * @throws {Deno.errors.InvalidData} If it is no sound image, or Windows maps no image of its machine; if the
   *   section is not shared, cannot be written to, or has pointers or imports in it, which Windows would
   *   change for all processes; or if a variable is not within it.
   * @throws {Deno.errors.NotFound} If there is no such file, image section or variable.
   * @throws {Deno.errors.PermissionDenied} If this user may not read it, or application control refuses it.
   * @throws {Deno.errors.Busy} If somebody has it open to write to it.
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
   * The variables, to read and to assign to: what is assigned all processes see, and what they
   * write is read here.
   *
   * `+=` and the like lose what others write at the same time: {@linkcode SharedSection.counters} do not.
   *
   * The object cannot be cloned or spread: copy the variables one at a time. `JSON.stringify` writes all.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get variables(): StructView<V> {
    return this.#open().variables;
  }

  /**
   * The variables that are integers, to be changed in one step.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get counters(): Counters<V> {
    return this.#open().counters;
  }

  /**
   * The image section's bytes, which are the memory itself.
   *
   * @throws {Deno.errors.BadResource} If the shared section is closed.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#open().bytes;
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#mapped === undefined;
  }

  /**
   * Detaches the variables from the memory, which throw a TypeError from then on, and unmaps the DLL.
   *
   * @throws {Deno.errors.Busy} If the buffer of {@linkcode SharedSection.bytes} was transferred away:
   *   whoever has it still reaches the memory, which stays mapped as long as the process lives.
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

/** A variable that has its place, with the name of its type where that is a scalar. */
interface PlacedVariable extends PlacedField {
  readonly description: TypeLike;
}

/** Gives where exported variables are, in bytes from the image's base. */
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

/** Gives the image section that is asked for, or that the variables are in, or that is shared. */
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
  // Several image sections may have one name.
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
      : `linkers may keep ${SHORT_NAME} bytes of a name, and there is no ${short} either`;
    throw new Deno.errors.NotFound(`Cannot find ${what} in ${label}, which has ${names}; ${hint}`);
  }
  if (!section.shared) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${section.name} of ${label}: each process has its own; ${HOW_TO_SHARE}`,
    );
  }
  if (!section.writable) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${section.name} of ${label}: it cannot be written to; ${HOW_TO_SHARE}`,
    );
  }
  return section;
}

/** Gives the image sections of a name, or else of what a linker keeps of it. */
function sectionsNamed(sections: readonly ImageSection[], wanted: string): ImageSection[] {
  const found = sections.filter(({ name, headerName }) => name === wanted || headerName === wanted);
  return found.length > 0
    ? found
    : sections.filter(({ headerName }) => headerName === shortName(wanted));
}

/** What has room of a name in an image section's header. */
function shortName(name: string): string {
  return decodeName(new TextEncoder().encode(name).subarray(0, SHORT_NAME));
}

/** Places variables in their section. */
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
        `Cannot share ${name}: its ${type.byteLength} bytes at ${offset} end beyond the ` +
          `${section.byteLength} bytes of image section ${section.name} of ${label}`,
      );
    }
    return { name, type, offset, description };
  });
}

/** Gives access to an image section and its variables. */
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
  // The header says so, but a write to a page that is not would end the process.
  if (!mapping.isWritable(address, byteLength)) {
    throw new Deno.errors.InvalidData(
      `Cannot share image section ${name}: Windows has mapped it to be read only`,
    );
  }
  const buffers = new MappedBuffers(mapping, { offset: address, byteLength });
  // The variables go on where a script transfers the buffer of its bytes away.
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

/** Makes the property of a counter, if the variable is one. */
function counterProperty(buffer: ArrayBuffer) {
  return ({ name, offset, description }: PlacedVariable): [string, PropertyDescriptor][] => {
    if (!isCounterName(description)) return [];
    let counter: Counter<number | bigint> | undefined;
    const get = () => counter ??= counterAt(description, buffer, offset, name);
    return [[name, { enumerable: true, get }]];
  };
}
