/**
 * Serves handlers over a link to the test. Arguments: as of end.ts.
 *
 * @module
 */

import { serve } from "../../../../src/rpc/mod.ts";
import { handlers } from "../../../rpc/links/peers/handlers.ts";
import { withLink } from "./end.ts";

await withLink((link) => serve(link, handlers).finished);
