// Kinds of frames and their payloads. Numbers are those of one build: both processes run the same program.
import type { ReplyFacts, TlsState } from "../frontend/index.ts";

/** What a front-end process tells the main process. */
export const FromFront = {
  /** Ready to serve. */
  ready: 1,
  /** The socket of the connection has come. */
  opened: 2,
  /** A request to be served by the main process; the payload is the LDAPMessage. */
  request: 3,
  /** The client has given up the operation. */
  abandoned: 4,
  /** TLS is in force; JSON. The connection is anonymous now. */
  secured: 5,
  /** The connection is anonymous now. */
  unbound: 6,
  /** The process at the other end of a UNIX socket; JSON. */
  credentials: 7,
  /** So many bytes of output (in the field of the operation) have gone to the client. */
  taken: 8,
  /** The connection is gone. */
  closed: 9,
  /** What has been counted since the start; JSON. */
  counters: 10,
  /** Whole lines of the access log. */
  lines: 11,
  /** An event for the log; JSON. */
  event: 12,
} as const;

/** What the main process tells a front-end process. */
export const ToFront = {
  /** Whole LDAPMessages for the client. */
  output: 1,
  /** The operation has ended, with this result. */
  ended: 2,
  /** Who is bound; JSON. */
  identity: 3,
  /** The connection is to be closed; JSON. */
  close: 4,
  /** End in an orderly way. */
  stop: 5,
} as const;

export type StoredTls = Pick<TlsState, "protocol" | "cipher" | "bits"> & {
  /** base64 */
  readonly certificate: string | undefined;
};

/** How an operation has ended. */
export interface Ending {
  readonly code: number;
  readonly message: string;
  readonly facts: ReplyFacts;
}

const ENDING_BYTES = 8;

/** Result code, number of entries, then, unless all of them are empty, the texts as JSON. */
export function encodeEnding({ code, message, facts }: Ending): Buffer {
  const { entryCount, notes, csn, boundDn } = facts;
  const hasTexts = message !== "" || notes !== "" || csn !== "" || boundDn !== "";
  const texts = hasTexts ? JSON.stringify([message, notes, csn, boundDn]) : "";
  const bytes = Buffer.allocUnsafe(ENDING_BYTES + Buffer.byteLength(texts));
  bytes.writeInt32BE(code, 0);
  bytes.writeUInt32BE(entryCount, 4);
  bytes.write(texts, ENDING_BYTES, "utf8");
  return bytes;
}

export function decodeEnding(bytes: Buffer): Ending {
  const [message, notes, csn, boundDn] =
    bytes.length === ENDING_BYTES
      ? ["", "", "", ""]
      : (parseJson(bytes.subarray(ENDING_BYTES)) as [string, string, string, string]);
  return {
    code: bytes.readInt32BE(0),
    message,
    facts: { entryCount: bytes.readUInt32BE(4), notes, csn, boundDn },
  };
}

export const formatJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), "utf8");

/** What the other process has written with `formatJson`. */
export const parseJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString("utf8"));
