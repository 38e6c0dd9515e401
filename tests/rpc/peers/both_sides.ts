// Serves over one link, and calls the test over the same link. Arguments: the name of the listener,
// the number of calls, and the number of items.

import { connectRing } from "../../../src/channel/mod.ts";
import { ringLink } from "../../../src/rpc/mod.ts";
import { soon } from "../../support/soon.ts";
import { floodBothWays } from "../support/flood.ts";

const [name, calls, items] = Deno.args;
const link = ringLink(await connectRing(name!, soon));
console.log("ready");
console.log(await floodBothWays(link, { calls: Number(calls), items: Number(items) }));
