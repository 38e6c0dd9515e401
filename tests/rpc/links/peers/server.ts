/**
 * Serves handlers over a link to the test. The arguments are the kind of link, and the name to meet
 * at.
 *
 * @module
 */

import { serve } from "../../../../src/rpc/mod.ts";
import { connect } from "./end.ts";
import { handlers } from "./handlers.ts";

const [kind, name] = Deno.args;
await serve(await connect(kind!, name!), handlers).finished;
