// What the front end tells an access log. Two forms exist: 389's text (access-log-text.ts) and JSON lines
// (access-log-json.ts); both append one string for each event to a LogFile, which buffers. Without an access log nothing
// of this is called and no clock is read.
import type { Operation } from "./operation.ts";
import type { CloseReason, Connection } from "./request-handler.ts";

export interface AccessLog {
  opened(connection: Connection): void;
  /** A TLS handshake has succeeded; `connection.tls` says with what. */
  secured(connection: Connection): void;
  /** A request was decoded and is about to be served or to wait for its turn. */
  request(connection: Connection, operation: Operation): void;
  /** An abandon request; `target` is what it abandons, if that is in progress. */
  abandon(connection: Connection, operation: Operation, target: Operation | undefined): void;
  result(connection: Connection, operation: Operation): void;
  closed(connection: Connection & { readonly closeReason: CloseReason }): void;
}

/** Of one DN, filter or attribute list in a line. */
const TEXT_CHARACTERS_MAX = 4_096;

/** A client may send megabytes; a line of the log holds their beginning. */
export function shortenText(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}...` : text;
}
