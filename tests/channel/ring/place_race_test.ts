import { assert } from "@std/assert";
import { raceForPlaces } from "./place_race.ts";

Deno.test("In each of 500 races for a place that is free or has a dead owner, one wins and the others are told that it is taken", async () => {
  const wins = await raceForPlaces(500);
  assert(wins.every((count) => count > 0), `${wins}`);
});
