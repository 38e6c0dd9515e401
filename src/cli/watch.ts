import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc watch`. */
export function run(_invocation: Invocation<SpecOf<"watch">>): void {
  throw new Deno.errors.NotSupported("winipc watch is not there yet");
}
