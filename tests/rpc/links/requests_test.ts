// Task: test:peers
//
// Calls and streams over links, between real processes. Other kinds are in at_length_test.ts.

import { testRequests } from "./behaviours.ts";
import { KINDS } from "./kinds.ts";

for (const kind of KINDS.filter(({ isVariant }) => !isVariant)) testRequests(kind);
