import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc info`. */
export function run(_invocation: Invocation<SpecOf<"info">>): void {
  throw new Deno.errors.NotSupported("winipc info is not there yet");
}
