import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc bench`. */
export function run(_invocation: Invocation<SpecOf<"bench">>): void {
  throw new Deno.errors.NotSupported("winipc bench is not there yet");
}
