import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc ls`. */
export function run(_invocation: Invocation<SpecOf<"ls">>): void {
  throw new Deno.errors.NotSupported("winipc ls is not there yet");
}
