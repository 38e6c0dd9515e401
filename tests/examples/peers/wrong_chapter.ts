/**
 * A part of the tour in which one check passes and one fails.
 *
 * @module
 */

import { Chapter } from "../../../examples/tour/chapter.ts";

const chapter = new Chapter();
chapter.check("one is one", true);
chapter.check("one is two", false);
console.log("failures:", chapter.failures);
