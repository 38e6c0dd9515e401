// Task: test:bridge
//
// The behaviours that all links have in common, over NATS.

import {
  testClose,
  testKill,
  testRequests,
  testUnread,
  testValues,
} from "../../rpc/links/behaviours.ts";
import { natsKind } from "./nats.ts";

testValues(natsKind("NATS"));
testClose(natsKind("NATS"));
testKill(natsKind("NATS"));
testRequests(natsKind("NATS"));
testUnread(natsKind("NATS"));
testValues(natsKind("NATS with messages of 1000 bytes", { config: ["max_payload: 1000"] }));
