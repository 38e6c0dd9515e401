/**
 * DLLs whose variables processes share (`#pragma data_seg`): building, loading and inspecting them.
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export type { Counter, CounterName, CounterValue } from "../struct/counter.ts";
export { inspectImage } from "./image.ts";
export type { Machine } from "./pe/headers.ts";
export type { ImageProblem } from "./pe/headers.ts";
export type { ImageSection } from "./pe/sections.ts";
export type { ImageExport, ImageInfo } from "./image.ts";
export { type Counters, type LoadOptions, SharedSection } from "./shared_section.ts";
export {
  buildSharedSection,
  declareSharedSection,
  type SharedSectionOptions,
  type Variables,
} from "./build.ts";
