// Who is at the other end of a UNIX socket (SO_PEERCRED), for SASL EXTERNAL over ldapi (389: autobind).
//
// Node has no call for it. A short-lived child gets the socket as its standard input, asks the kernel and prints the
// numbers; it reads nothing from the socket, but Node stops reading too: the caller resumes. Perl is part of every Debian
// system; Python serves elsewhere. Where neither is there, the peer stays unknown, and must be refused what only a known
// peer may do. Takes about 10 ms.
import { spawn } from "node:child_process";
import type { Socket } from "node:net";

export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SOL_SOCKET and SO_PEERCRED of Linux. */
const LEVEL = 1;
const OPTION = 17;
const ASK_MS_MAX = 5_000;

const ASKERS: readonly (readonly [program: string, ...args: string[]])[] = [
  [
    "/usr/bin/perl",
    "-e",
    `print join(" ", unpack("lLL", getsockopt(STDIN, ${LEVEL}, ${OPTION})));`,
  ],
  [
    "/usr/bin/python3",
    "-c",
    "import socket, struct\n" +
      "peer = socket.socket(fileno=0).getsockopt(" +
      `${LEVEL}, ${OPTION}, 12)\n` +
      'print(*struct.unpack("iII", peer))',
  ],
];

/** undefined when it cannot be found out: not Linux, no asker, peer gone. */
export async function findPeerCredentials(socket: Socket): Promise<PeerCredentials | undefined> {
  for (const asker of ASKERS) {
    const credentials = parseCredentials(await ask(socket, asker));
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

function ask(socket: Socket, [program, ...args]: readonly [string, ...string[]]): Promise<string> {
  return new Promise((resolve) => {
    if (socket.destroyed) {
      resolve("");
      return;
    }
    const child = spawn(program, args, {
      stdio: [socket, "pipe", "ignore"],
      env: {},
      timeout: ASK_MS_MAX,
    });
    let printed = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      printed += chunk.toString("latin1");
    });
    child.once("error", () => resolve(""));
    child.once("close", (code) => resolve(code === 0 ? printed : ""));
  });
}

function parseCredentials(text: string): PeerCredentials | undefined {
  const match = /^(\d+) (\d+) (\d+)\s*$/.exec(text);
  if (match === null) return undefined;
  const [pid, uid, gid] = match.slice(1).map(Number);
  return { pid: pid!, uid: uid!, gid: gid! };
}
