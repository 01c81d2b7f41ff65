// Whether a server answers: one connection, one anonymous bind, as bytes. It is asked every other millisecond while the server starts
// beside it, so it has to cost next to nothing.
import { connect } from "node:net";
import { assert } from "../../src/base/index.ts";

/** Message 1: a simple bind without name and password. */
const BIND = Buffer.from("300c020101600702010304008000", "hex");
/** Its answer: success. */
const BOUND = Buffer.from("300c02010161070a010004000400", "hex");

/** false: nobody listens, or hangs up. @throws AssertionError when the answer is another one */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(BIND));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("data", (answer: Buffer) => {
      socket.destroy();
      try {
        assert(answer.equals(BOUND), `an anonymous bind succeeds, not ${answer.toString("hex")}`);
        resolve(true);
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}
