import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc listen`. */
export function run(_invocation: Invocation<SpecOf<"listen">>): void {
  throw new Deno.errors.NotSupported("winipc listen is not there yet");
}
