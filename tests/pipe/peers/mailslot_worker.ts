/**
 * A Worker that creates a mailslot with the name of the Worker, posts "ready", and then the length
 * of each message.
 *
 * @module
 */

import { Mailslot } from "../../../src/pipe/mailslot.ts";
import { postToParent } from "../../support/post_to_parent.ts";

const mailslot = Mailslot.create(globalThis.name);
postToParent("ready");
for await (const { length } of mailslot) postToParent(`${length}`);
