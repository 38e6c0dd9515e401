// Task: test:links

import { testClose, testKill, testRequests, testUnread, testValues } from "./behaviours.ts";
import { KINDS } from "./kinds.ts";

/** Number of deaths for each kind of link. */
const ROUNDS = 5;

for (const kind of KINDS.filter(({ isVariant }) => isVariant)) {
  testValues(kind);
  testClose(kind);
  testRequests(kind);
}
for (const kind of KINDS) {
  for (let round = 1; round <= ROUNDS; round++) {
    testKill({ ...kind, name: `${kind.name}, round ${round},` });
  }
  testUnread(kind);
}
