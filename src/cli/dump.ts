import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc dump`. */
export function run(_invocation: Invocation<SpecOf<"dump">>): void {
  throw new Deno.errors.NotSupported("winipc dump is not there yet");
}
