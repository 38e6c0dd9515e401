/**
 * Calls over two rings: the near end calls with a frame, and the result is a frame or nothing.
 *
 * @module
 */

import { RpcSession, type RpcStub, RpcTarget } from "capnweb";
import { connectRing, listenRing, type RingConnection } from "../../../../src/channel/mod.ts";
import { client, ringLink, serve } from "../../../../src/rpc/mod.ts";
import { AsyncQueue } from "../../../../src/wait/queue.ts";
import { transportOver } from "../../../capnweb_transport.ts";
import type { Link, Side, WayOfProgram } from "../../link.ts";
import { PATIENCE } from "../watchdog.ts";

/** Capacity of each ring in bytes. A message can have half of it. */
const CAPACITY = 2 ** 22;
const LIMIT = { timeout: PATIENCE };
/** Maximum number of calls without a result. */
const MAX_CALLS = 64;

type Frame = Uint8Array<ArrayBuffer>;
/** A call with a frame. Its result is the frame that the far end sends, if it sends one. */
type Exchange = (frame: Frame) => PromiseLike<Frame | null>;

/** `Client.call()` and `serve()`. */
export const rpc: WayOfProgram = {
  async open(side, name, ready) {
    const rings = await openRings(side, name, ready);
    if (side === "far") {
      const far = new FarLink();
      const service = serve(ringLink(rings), { exchange: (frame: Frame) => far.exchange(frame) });
      far.onClose = () => service.shutdown();
      return far;
    }
    const caller = client<{ exchange: Exchange }>(ringLink(rings));
    return new NearLink((frame) => caller.call("exchange", frame), () => caller.close());
  },
};

/** The npm package capnweb, over the same rings. */
export const capnweb: WayOfProgram = {
  async open(side, name, ready) {
    const rings = await openRings(side, name, ready);
    if (side === "far") {
      const far = new FarLink();
      new RpcSession(transportOver(rings), new Target(far));
      far.onClose = () => rings.close();
      return far;
    }
    const session = new RpcSession<Target>(transportOver(rings));
    const stub: RpcStub<Target> = session.getRemoteMain();
    return new NearLink((frame) => stub.exchange(frame), () => rings.close());
  },
};

/** The object whose methods capnweb's caller calls. */
class Target extends RpcTarget {
  readonly #far: FarLink;

  constructor(far: FarLink) {
    super();
    this.#far = far;
  }

  exchange(frame: Frame): Promise<Frame | null> {
    return this.#far.exchange(frame);
  }
}

async function openRings(side: Side, name: string, ready: () => void): Promise<RingConnection> {
  if (side === "near") return await connectRing(name, LIMIT);
  using listener = listenRing(name, { capacity: CAPACITY });
  ready();
  return await listener.accept(LIMIT);
}

/** Sends each frame by a call, and takes the results that are frames. */
class NearLink implements Link {
  readonly #exchange: Exchange;
  readonly #results = new AsyncQueue<Frame>();
  readonly #onClose: () => void;
  #calls = 0;
  #hasRoom = Promise.withResolvers<void>();

  constructor(exchange: Exchange, onClose: () => void) {
    this.#exchange = exchange;
    this.#onClose = onClose;
  }

  async send(frame: Frame): Promise<void> {
    while (this.#calls === MAX_CALLS) await this.#hasRoom.promise;
    this.#calls++;
    this.#exchange(frame).then((result) => {
      this.#calls--;
      this.#hasRoom.resolve();
      this.#hasRoom = Promise.withResolvers();
      if (result !== null) this.#results.put(result);
    }, (error) => this.#results.end(error));
  }

  async receive(): Promise<Frame> {
    return (await this.#results.take())!;
  }

  close(): void {
    this.#onClose();
  }
}

/** Takes the frames of calls. A frame that is sent is the result of the last taken call. */
class FarLink implements Link {
  onClose: () => void | Promise<void> = () => {};
  readonly #calls = new AsyncQueue<PromiseWithResolvers<Frame | null> & { frame: Frame }>();
  #taken: PromiseWithResolvers<Frame | null> | undefined;

  exchange(frame: Frame): Promise<Frame | null> {
    const call = { frame, ...Promise.withResolvers<Frame | null>() };
    this.#calls.put(call);
    return call.promise;
  }

  send(frame: Frame): void {
    // The frame belongs to the caller when this method has returned.
    this.#taken?.resolve(frame.slice());
    this.#taken = undefined;
  }

  async receive(): Promise<Frame> {
    this.#taken?.resolve(null);
    const call = await this.#calls.take();
    this.#taken = call;
    return call!.frame;
  }

  async close(): Promise<void> {
    this.#taken?.resolve(null);
    await this.onClose();
  }
}
