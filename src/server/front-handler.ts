// Serves requests in a front-end process: reads here, everything else through the main process.
import type { Connection, Reply, RequestHandler } from "../frontend/index.ts";
import type { MainLink } from "../fronts/index.ts";
import type { RequestMessage } from "../protocol/index.ts";
import { handleCompare } from "./compare-handler.ts";
import { checkRequest } from "./request-checks.ts";
import { readControls } from "./request-controls.ts";
import { answerFailure, completed } from "./request-outcome.ts";
import { handleSearch } from "./search-handler.ts";
import { isServedHere } from "./served-here.ts";
import type { Service } from "./service.ts";

export interface FrontHandlerParts {
  readonly service: Service;
  readonly link: MainLink;
  /** Called before the main process answers a search, which may ask for what has been counted. */
  tellCounters(): void;
  readonly onDefect: (error: unknown) => void;
}

export class FrontHandler implements RequestHandler {
  readonly #parts: FrontHandlerParts;
  /** Connections that have sent something since the last call of `takeActive`, and whether any has, those that are gone too. */
  #active = new Set<Connection>();
  #hasServed = false;

  constructor(parts: FrontHandlerParts) {
    this.#parts = parts;
  }

  handle(connection: Connection, message: RequestMessage, reply: Reply): void {
    this.#active.add(connection);
    this.#hasServed = true;
    const { service, link } = this.#parts;
    const { type } = message.request;
    const isRead = type === "search" || type === "compare";
    // Before anything is judged by what is kept in memory.
    if (isRead) service.directory.kv.renew();
    if (!isRead || !isServedHere(service.directory, message)) {
      if (type === "search") this.#parts.tellCounters();
      link.forward(connection, reply);
      return;
    }
    service.operations.operationsStarted += 1;
    try {
      const result = this.#serve(connection, message, reply);
      if (result !== undefined) {
        result.then(
          () => completed(service),
          (error: unknown) => this.#failed(message, reply, error),
        );
      } else completed(service);
    } catch (error) {
      this.#failed(message, reply, error);
    }
  }

  secured(connection: Connection): void {
    this.#parts.link.secured(connection);
  }

  closed(connection: Connection): void {
    this.#active.delete(connection);
    this.#parts.link.closed(connection.id);
  }

  /** Connections whose counts may have changed; undefined: nothing at all has. */
  takeActive(): ReadonlySet<Connection> | undefined {
    if (!this.#hasServed) return undefined;
    this.#hasServed = false;
    const active = this.#active;
    this.#active = new Set();
    return active;
  }

  #serve(connection: Connection, message: RequestMessage, reply: Reply): Promise<void> | undefined {
    const { service } = this.#parts;
    const { request } = message;
    checkRequest(service.directory, connection, request);
    const { filterDepthMax } = service.directory.config.snapshot.server;
    const controls = readControls(request.type, message.controls, filterDepthMax);
    if (request.type === "search") {
      handleSearch(service, connection, { request, controls }, reply);
      return undefined;
    }
    if (request.type === "compare") {
      return handleCompare(service, connection, { request, controls }, reply);
    }
    return undefined;
  }

  #failed(message: RequestMessage, reply: Reply, error: unknown): void {
    if (!answerFailure(this.#parts.service, message, reply, error)) this.#parts.onDefect(error);
  }
}
