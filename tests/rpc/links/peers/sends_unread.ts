// Sends to the parent more than the parent reads, and tells on stderr how the send ends.

import { stdioLink } from "../../../../src/rpc/links/stdio.ts";

const sent = stdioLink().send(new Uint8Array(2 ** 24));
console.error("sending");
console.error(String(await sent.catch((error) => error)));
