// A TCP proxy between a supplier and a consumer that notes when the supplier asks for the replica, and can slow down what
// the supplier sends, so that a session lasts as long as a test needs. It looks at the octets alone and changes nothing.
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** The extended operation that starts a replication session (389's NSDS90). */
const START_OID = Buffer.from("2.16.840.1.113730.3.5.12");
const TICK_MS = 50;

export class WatchingProxy {
  readonly #targetPort: number;
  readonly #bytesPerSecond: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** When a Start request passed, in milliseconds. */
  readonly startTimes: number[] = [];

  private constructor(targetPort: number, bytesPerSecond: number) {
    this.#targetPort = targetPort;
    this.#bytesPerSecond = bytesPerSecond;
    this.#server = createServer((socket) => this.#join(socket));
  }

  /** `bytesPerSecond` limits what goes to the target; without it nothing is slowed down. */
  static async open(options: {
    readonly targetPort: number;
    readonly bytesPerSecond?: number;
  }): Promise<WatchingProxy> {
    const { targetPort, bytesPerSecond = Number.POSITIVE_INFINITY } = options;
    const proxy = new WatchingProxy(targetPort, bytesPerSecond);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    const target = createConnection(this.#targetPort, "127.0.0.1");
    for (const socket of [client, target]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => {
        this.#sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    target.pipe(client);
    client.on("data", (chunk: Buffer) => {
      if (chunk.includes(START_OID)) this.startTimes.push(Date.now());
      this.#forward(chunk, client, target);
    });
    client.once("end", () => target.end());
  }

  /** The pause after a chunk is as long as its octets take at the given rate. */
  #forward(chunk: Buffer, client: Socket, target: Socket): void {
    target.write(chunk);
    const pauseMs = (chunk.length / this.#bytesPerSecond) * 1_000;
    if (pauseMs < TICK_MS && !Number.isFinite(this.#bytesPerSecond)) return;
    client.pause();
    setTimeout(() => client.resume(), pauseMs);
  }
}
