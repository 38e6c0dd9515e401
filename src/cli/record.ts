import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc record`. */
export function run(_invocation: Invocation<SpecOf<"record">>): void {
  throw new Deno.errors.NotSupported("winipc record is not there yet");
}
