/**
 * Lets a script run once at a time: a later start hands its arguments over to the first, and ends.
 *
 * ```ts
 * import { SingleInstance } from "@winipc/winipc/instance";
 * import { assertEquals } from "@std/assert";
 *
 * const opened: string[] = [];
 * await using first = await SingleInstance.acquire("docs of instance", {
 *   onSecond: (args) => void opened.push(...args),
 * });
 *
 * // A second process does the same, and gets undefined. Then it ends.
 * const second = await SingleInstance.acquire("docs of instance", { args: ["picture.png"] });
 * assertEquals([first !== undefined, second, opened], [true, undefined, ["picture.png"]]);
 * ```
 *
 * @module
 */

export { type AcquireOptions, SingleInstance } from "./single.ts";
export type { WaitOptions } from "../wait/options.ts";
