/**
 * The functions of requests, with their arguments.
 *
 * @module
 */

import { client, serve } from "../../src/rpc/mod.ts";
import { pairLinks } from "../rpc/support/pair_link.ts";
import { type Given, method, plain, type Row } from "./row.ts";
import { SERVE, TIMEOUT, WAIT } from "./shared_options.ts";

/** Makes the rows of requests. The stack ends the objects of these rows. */
export function requestRows(stack: AsyncDisposableStack): Row[] {
  const [near, far] = pairLinks();
  const [, free] = pairLinks();
  const handlers = { echo: (value: unknown) => value };
  const service = stack.use(serve(far, handlers));
  const caller = stack.use(client<typeof handlers>(near));
  const name: Given = ["text", "echo"];
  const args: Given = ["anything", 1];
  return [
    plain(client, "client", { needed: [["instance", near]], isPartial: true }),
    plain(serve, "serve", {
      needed: [["instance", free], ["object", {}]],
      options: SERVE,
      isPartial: true,
    }),
    method("Client.call", caller, {
      needed: [name, args],
      options: { signal: WAIT.signal!, timeout: ["count", 5000] },
    }),
    method("Client.stream", caller, {
      needed: [name, args],
      options: { signal: WAIT.signal!, ahead: ["count", 1] },
    }),
    method("Service.shutdown", service, { needed: [], options: TIMEOUT, isPartial: true }),
  ];
}
