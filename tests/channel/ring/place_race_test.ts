// Task: test:faults

import { assert } from "@std/assert";
import { raceForPlaces } from "./place_race.ts";
import { peers } from "../../support/peers.ts";

peers.test("One of three racers takes a place that is free or whose owner has died, and the other two get Busy", async (bits) => {
  const wins = await raceForPlaces(500, bits);
  assert(wins.every((count) => count > 0), `${wins}`);
});
