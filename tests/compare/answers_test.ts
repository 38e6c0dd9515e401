import { assertEquals, assertThrows } from "@std/assert";
import { pacedOf, readAnswer, streamOf, tripsOf } from "../../bench/compare/run/answers.ts";

Deno.test("readAnswer() returns the fields of an object", () => {
  assertEquals(readAnswer('{"frames":3}'), { frames: 3 });
});

Deno.test("readAnswer() throws the error that an end has answered", () => {
  assertThrows(() => readAnswer('{"error":"Frame 7 is wrong"}'), Error, "Frame 7 is wrong");
});

Deno.test("readAnswer() shows a line that is no object", () => {
  for (const line of ["", "ready", "7", "null"]) {
    assertThrows(() => readAnswer(line), Error, `got ${JSON.stringify(line)}`);
  }
});

Deno.test("tripsOf() refuses an answer without round trips, or with wrong ones", () => {
  assertEquals(tripsOf({ trips: [[320, 9]] }), [[320, 9]]);
  for (const trips of [undefined, [], 7]) {
    assertThrows(() => tripsOf({ trips }), Error, "expected round trips");
  }
  for (const pair of [[320], [320, -1], [320, Infinity]]) {
    assertThrows(() => tripsOf({ trips: [pair] }), Error, "expected a number from 0 as count");
  }
});

Deno.test("streamOf() and pacedOf() name the field that has no number", () => {
  const times = { frames: 16, nanoseconds: 1.6, nearProcessor: 0, farProcessor: 1 };
  assertEquals(streamOf(times), { frames: 16, nanoseconds: 2 });
  assertEquals(pacedOf(times), { ...times, nanoseconds: 2 });
  assertThrows(() => streamOf({ frames: 16 }), Error, "as nanoseconds in the near end's answer");
  assertThrows(() => pacedOf({ ...times, farProcessor: "1" }), Error, "as farProcessor");
});
