// The thread that sends the changes of bare replication (bare-replication.ts).
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/** As long as a modification on the wire. */
const CHANGE = Buffer.alloc(300);

const socket = connect({ port: workerData as number, host: "127.0.0.1", noDelay: true }, () => {
  parentPort?.postMessage("connected");
});
socket.resume();
parentPort?.on("message", () => socket.write(CHANGE));
