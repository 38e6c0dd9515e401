import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc dll`. */
export function run(_invocation: Invocation<SpecOf<"dll">>): void {
  throw new Deno.errors.NotSupported("winipc dll is not there yet");
}
