// The replicas of this server: consumer sessions of connections, agreements, the update vectors that others are told.
import type { Connection, Reply } from "../frontend/index.ts";
import type { ExtendedRequest, RequestMessage } from "../protocol/index.ts";
import type { Directory } from "./directory.ts";

export class Replicas {
  readonly directory: Directory;

  constructor(directory: Directory) {
    this.directory = directory;
  }

  /** Whether a supplier has started a session on this connection. */
  isSession(_connection: Connection): boolean {
    return false;
  }

  /** Serves a request of a session; undefined: it is none that sessions treat in their own way. */
  serve(
    _connection: Connection,
    _message: RequestMessage,
    _reply: Reply,
  ): Promise<void> | undefined {
    return undefined;
  }

  serveExtended(
    _connection: Connection,
    _message: RequestMessage,
    _request: ExtendedRequest,
    _reply: Reply,
  ): Promise<void> | undefined {
    return undefined;
  }

  connectionClosed(_connection: Connection): void {}
}
