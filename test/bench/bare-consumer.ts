// The process that takes the changes of bare replication (bare-replication.ts): it commits each as soon as it has come, and tells all
// who are connected.
import { type AddressInfo, type Socket, createServer } from "node:net";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { StoreRows } from "./store-rows.ts";

// An end in order, which removes the database.
process.once("SIGTERM", () => process.exit());

const kv = openLmdb(makeTemporaryFolder());
const rows = new StoreRows(kv, Number(process.argv[2]));
await rows.fill();
await rows.fillStates();

const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("data", () => {
    void kv
      .transact(() => rows.modification())
      .then(() => {
        for (const one of sockets) one.write(".");
      });
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    sockets.delete(socket);
    if (sockets.size === 0) process.exit();
  });
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
