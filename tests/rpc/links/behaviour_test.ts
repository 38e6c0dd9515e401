// Task: test:peers
//
// Other kinds, and deaths at random moments, are in at_length_test.ts.

import { testClose, testValues } from "./behaviours.ts";
import { KINDS } from "./kinds.ts";

for (const kind of KINDS.filter(({ isVariant }) => !isVariant)) {
  testValues(kind);
  testClose(kind);
}
