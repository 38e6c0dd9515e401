/**
 * A Worker that plays both ends of connections. Its name is the seed and the number of steps, as
 * JSON. It posts the number of connections.
 *
 * @module
 */

import { postToParent } from "../../../support/post_to_parent.ts";
import { fuzz } from "../run.ts";

const [seed, steps]: [number, number] = JSON.parse(globalThis.name);
postToParent(`${await fuzz({ seed, steps, isFar: false })}`);
