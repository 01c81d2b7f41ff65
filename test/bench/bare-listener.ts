// The sockets of a server without anything behind it: read as Concord reads them, and what is answered to what has come leaves in one write.
import { createServer } from "node:net";
import { readThroughSharedBuffer } from "../../src/frontend/transport.ts";
import { Answers, Messages } from "./bare-messages.ts";

/** @param take is lent each message; answers of later turns are sent with `flush` */
export type TakeMessage = (message: Buffer, answers: Answers, flush: () => void) => void;

/** Listens on a free port, and prints it. */
export function listenBare(take: TakeMessage): void {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
    const messages = new Messages();
    const answers = new Answers();
    const flush = (): void =>
      answers.flush((bytes) => {
        socket.write(bytes);
        return socket.writableLength === 0;
      });
    const socket = readThroughSharedBuffer(accepted, (chunk) => {
      messages.receive(chunk, (message) => take(message, answers, flush));
      flush();
      return true;
    });
    socket.on("error", () => socket.destroy());
    socket.resume();
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") console.log(address.port);
  });
}
