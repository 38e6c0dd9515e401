/**
 * Waits on threads of the module, with `--allow-ffi` only.
 *
 * @module
 */

import { SharedEvent, SharedMutex, waitAny } from "../../../src/sync/mod.ts";

using event = SharedEvent.anonymous({ reset: "manual", signalled: true });
using mutex = SharedMutex.anonymous();
const { signal } = new AbortController();
(await mutex.lock()).release();
console.log("locked");
console.log("signalled", (await waitAny([event, mutex])).index);
await event.wait({ signal });
console.log("waited");
