/**
 * Shared memory: by name, without one, or over a file.
 *
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 *
 * using memory = SharedMemory.openOrCreate("counters", 4096);
 * using view = memory.map();
 * const counters = new Int32Array(view.buffer);
 * console.log("This memory was opened", Atomics.add(counters, 0, 1) + 1, "times");
 * ```
 *
 * @module
 */

export type { ByteSource } from "../../ffi/bytes.ts";
export type { Sddl, Security } from "../../ffi/security.ts";
export type { WaitOptions } from "../waiting/poll.ts";
export type { FromHandleOptions } from "./adoption.ts";
export type { CreateOptions } from "./creation.ts";
export { DuplicatedMemory, type DuplicateToOptions } from "./duplication.ts";
export type { FromFileOptions } from "./file.ts";
export type { Counter, CounterName, CounterValue } from "./counter.ts";
export { inspectImage } from "./image.ts";
export {
  type MapOptions,
  type Mappable,
  MappedView,
  type MemoryAccess,
  type ViewAccess,
} from "./mapped_view.ts";
export type { OpenOptions } from "./opening.ts";
export type { OpenOrCreateOptions } from "./open_or_create.ts";
export { SharedMemory, type WaitForOptions } from "./shared_memory.ts";
export { array, type ArrayInput, type ArrayType, type ArrayView } from "./layout/array.ts";
export { type BitField, bits, type BitUnit } from "./layout/bits.ts";
export type {
  CSource,
  CType,
  FoundField,
  InputOf,
  LiveOf,
  ScalarName,
  ScalarValues,
  TypeLike,
  ValueOf,
} from "./layout/ctype.ts";
export type { Field, FieldAt, Fields } from "./layout/placement.ts";
export { type BigIntegerName, safe } from "./layout/scalar.ts";
export { ansi, utf16, utf8 } from "./layout/text.ts";
export {
  type FieldInput,
  type FieldLive,
  type FieldValue,
  type Layout,
  struct,
  type StructInput,
  type StructJson,
  type StructOptions,
  type StructTarget,
  type StructValue,
  type StructView,
  type TypeOf,
  union,
} from "./struct.ts";
export type { Machine } from "./pe/format.ts";
export type { ImageProblem } from "./pe/image_problem.ts";
export type { ImageSection } from "./pe/image_sections.ts";
export type { ImageExport } from "./pe/read_exports.ts";
export type { ImageInfo } from "./pe/read_image.ts";
export { type Counters, type LoadOptions, SharedSection } from "./shared_section.ts";
export {
  buildSharedSection,
  declareSharedSection,
  type SharedSectionOptions,
  type Variables,
} from "./shared_section_image.ts";
