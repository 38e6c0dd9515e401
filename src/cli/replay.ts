import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc replay`. */
export function run(_invocation: Invocation<SpecOf<"replay">>): void {
  throw new Deno.errors.NotSupported("winipc replay is not there yet");
}
