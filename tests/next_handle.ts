import { createEvent } from "../ffi/event.ts";

/** The value that the next handle of this process has; it grows where handles leak. */
export function nextHandle(): bigint {
  using event = createEvent("a test");
  return event.value;
}
