import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc tail`. */
export function run(_invocation: Invocation<SpecOf<"tail">>): void {
  throw new Deno.errors.NotSupported("winipc tail is not there yet");
}
