// Task: test:command

/**
 * Prints the memories of programs that many people read by `winipc dump`, which finds the schema by
 * the name.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SharedMemory, SharedMutex } from "../../../../mod.ts";
import { shippedSchemaOf } from "../../../../src/cli/schema/load.ts";
import { toJson } from "../../../../src/cli/printing/json.ts";
import { runPeer } from "../../../support/run_peer.ts";
import { compileC } from "../../../support/compile_c.ts";
import { Peer } from "../../../support/peer.ts";
import { peerUrl } from "../../../support/peer_url.ts";
import { winipc } from "../../winipc.ts";

/** Held while the memories have their real names, so that two runs of the tests do not meet. */
const MUTEX = "winipc-test-shipped-names";
/** Time for a run of this test at the same time, in milliseconds. */
const PATIENCE = 300_000;

/** The names of the memories, and the schemas that they find. */
const PROGRAMS: readonly (readonly [name: string, schema: string])[] = [
  ["AIDA64_SensorValues", "AIDA64"],
  ["CoreTempMappingObject", "Core Temp (old)"],
  ["CoreTempMappingObjectEx", "Core Temp"],
  ["GPUZShMem", "GPU-Z"],
  ["HWiNFO_SENS_SM2", "HWiNFO"],
  ["IRSDKMemMapFileName", "iRacing"],
  ["MAHMSharedMemory", "MSI Afterburner"],
  ["MumbleLink", "MumbleLink"],
  ["RTSSSharedMemoryV2", "RTSS"],
  ["acpmf_graphics", "Assetto Corsa graphics"],
  ["acpmf_physics", "Assetto Corsa physics"],
  ["acpmf_static", "Assetto Corsa static"],
  ["$rFactor2SMMP_Scoring$", "rFactor 2 scoring"],
  ["$rFactor2SMMP_Telemetry$", "rFactor 2 telemetry"],
];

const TABLE = `OFFSET  FIELD           TYPE         VALUE
     0  uiVersion       u32          2
     4  uiTick          u32          77
     8  avatarPosition  f32[3]       1.5, 2.5, 3.5
    20  avatarFront     f32[3]       4.5, 5.5, 6.5
    32  avatarTop       f32[3]       7.5, 8.5, 9.5
    44  name            utf16[256]   "Rennen über Land"
   556  cameraPosition  f32[3]       10.5, 11.5, 12.5
   568  cameraFront     f32[3]       13.5, 14.5, 15.5
   580  cameraTop       f32[3]       16.5, 17.5, 18.5
   592  identity        utf16[256]   "{\\"driver\\":7}"
  1104  contextLength   u32          3
  1108  context         u8[3]        c8 c9 ca
  1364  description     utf16[2048]  "A game"
`;

const resources = new AsyncDisposableStack();
/** The program in C, which holds all memories under their real names. */
let writer: Peer;

Deno.test.beforeAll(async () => {
  const mutex = resources.use(SharedMutex.create(MUTEX));
  resources.use(await mutex.lock({ timeout: PATIENCE }));
  const source = peerUrl("cli/schema/shipped/peers/shipped_writer.c");
  const { path } = resources.use(await compileC(source));
  writer = resources.use(await Peer.startProgram(path));
});

Deno.test.afterAll(() => resources.disposeAsync());

Deno.test("winipc dump prints the fields of each program's memory, found by its name", async () => {
  const names = PROGRAMS.map(([name]) => name);
  const lines = await runPeer("cli/schema/shipped/peers/dump_each.ts", names);
  const documents = lines.join("\n").split(/^0$/m);
  assertEquals(documents.pop(), "");
  assertEquals(
    documents.map((text) => JSON.parse(text)),
    PROGRAMS.map(([name, schema]) => {
      using memory = SharedMemory.open(name);
      using view = memory.map();
      const { byteLength } = memory;
      const value = shippedSchemaOf(name)!.toObject(view.bytes.slice());
      return {
        name: `Local\\${name}`,
        byteLength,
        at: 0,
        length: byteLength,
        schema,
        isWhole: true,
        value: JSON.parse(toJson(value)),
      };
    }),
  );
});

Deno.test("winipc dump MumbleLink prints a table", async () => {
  const { code, out, err } = await winipc(["dump", "Local\\MumbleLink"]);
  assertEquals([code, err, out], [0, "", TABLE]);
});

Deno.test("winipc dump says that a copy can be torn, if its program writes all of the time", async () => {
  await writer.ask("begin");
  const name = "$rFactor2SMMP_Telemetry$";
  const { code, out, err } = await winipc(["dump", name, "--format", "json"]);
  assertEquals([code, JSON.parse(out)["isWhole"]], [0, false]);
  assertEquals(
    err,
    `The copy of "Local\\${name}" may be torn: its program was writing at each attempt ` +
      "(rFactor 2 telemetry)\n",
  );
});
