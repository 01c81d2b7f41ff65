// Ports that nobody listens on. The kernel hands them out; they are held together until all are known, so that no two
// are equal, and remembered, so that this process never gives out one twice.
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";

const given = new Set<number>();

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  while (ports.length < count) {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as AddressInfo;
    if (given.has(port)) continue;
    given.add(port);
    ports.push(port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
