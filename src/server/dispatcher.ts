// From a decoded request to the handler that serves it. Whatever a handler throws as an LdapError is its answer; anything else is
// a defect of the server and stops it.
import type { Connection, Reply, RequestHandler } from "../frontend/index.ts";
import {
  LdapError,
  type ModifyRequest,
  type RequestMessage,
  SUCCESS,
  type SearchRequest,
  finalResponse,
} from "../protocol/index.ts";
import { handleBind } from "./bind-handler.ts";
import type { BackendKeeper } from "./backend-keeper.ts";
import { handleCompare } from "./compare-handler.ts";
import type { ConfigKeeper } from "./config-handler.ts";
import { handleDigest } from "./digest-reading.ts";
import { handleExtended } from "./extended-handler.ts";
import { identityOf } from "./identity.ts";
import { checkRequest } from "./request-checks.ts";
import { type RequestControls, readControls } from "./request-controls.ts";
import { answerFailure, completed } from "./request-outcome.ts";
import type { SchemaKeeper } from "./schema-keeper.ts";
import { isReadBy389 } from "./schema-replication.ts";
import { handleSearch } from "./search-handler.ts";
import type { ServerActions } from "./server-actions.ts";
import type { Service } from "./service.ts";
import type { UpdateRequest } from "./update-request.ts";
import { handleUpdate } from "./write-handler.ts";

export interface DispatcherParts {
  readonly configKeeper: ConfigKeeper;
  readonly schemaKeeper: SchemaKeeper;
  readonly actions: ServerActions;
  readonly keeper: BackendKeeper;
  readonly onDefect: (error: unknown) => void;
}

export class Dispatcher implements RequestHandler {
  readonly #service: Service;
  readonly #parts: DispatcherParts;

  constructor(service: Service, parts: DispatcherParts) {
    this.#service = service;
    this.#parts = parts;
  }

  handle(connection: Connection, message: RequestMessage, reply: Reply): void {
    this.#service.operations.operationsStarted += 1;
    try {
      const result = this.#serve(connection, message, reply);
      if (result !== undefined) {
        result.then(
          () => completed(this.#service),
          (error: unknown) => this.#failed(message, reply, error),
        );
      } else completed(this.#service);
    } catch (error) {
      this.#failed(message, reply, error);
    }
  }

  closed(connection: Connection): void {
    this.#parts.actions.replicas.connectionClosed(connection);
  }

  #serve(connection: Connection, message: RequestMessage, reply: Reply): Promise<void> | undefined {
    const { request } = message;
    const { replicas } = this.#parts.actions;
    if (replicas.handle(connection, message, reply)) return undefined;
    checkRequest(this.#service.directory, connection, request);
    const { filterDepthMax } = this.#service.directory.config.snapshot.server;
    const controls = readControls(request.type, message.controls, filterDepthMax);
    switch (request.type) {
      case "bind":
        return handleBind(this.#service, connection, request, reply);
      case "search":
        this.#service.directory.queue.noteRequest();
        handleSearch(
          this.#serviceFor(connection, request),
          connection,
          { request, controls },
          reply,
        );
        return undefined;
      case "compare":
        return handleCompare(this.#service, connection, { request, controls }, reply);
      case "add":
      case "delete":
      case "modify":
      case "modifyDn":
        return this.#update(connection, request, controls, reply);
      case "extended":
        return (
          handleDigest(this.#parts.actions, identityOf(connection), request, reply) ??
          handleExtended(this.#service, { connection, request }, reply)
        );
      case "unbind":
      case "abandon":
        return undefined;
    }
  }

  #update(
    connection: Connection,
    request: UpdateRequest,
    controls: RequestControls,
    reply: Reply,
  ): Promise<void> {
    const { directory, operations } = this.#service;
    if (request.type === "add") operations.adds += 1;
    if (request.type === "delete") operations.deletes += 1;
    if (request.type === "modify") operations.modifies += 1;
    if (request.type === "modifyDn") operations.renames += 1;
    const target = directory.route(directory.schema.normalizeDnText(request.dn));
    const { configKeeper, actions } = this.#parts;
    if (target.kind === "config") {
      return configKeeper.handle(this.#service, connection, request, reply, actions);
    }
    if (target.kind === "schema" && request.type === "modify") {
      if (actions.replicas.isSession(connection)) {
        return this.#receiveSchema(connection, request, reply);
      }
      return this.#changeSchema(connection, request, reply, "byClient");
    }
    return handleUpdate(this.#service, connection, { request, controls }, reply);
  }

  async #changeSchema(
    connection: Connection,
    request: ModifyRequest,
    reply: Reply,
    origin: "byClient",
  ): Promise<void> {
    const identity = identityOf(connection);
    const { directory } = this.#service;
    const { server } = directory.config.snapshot;
    if (identity?.isRoot !== true) {
      throw new LdapError("insufficientAccessRights", "Only administrators may change the schema");
    }
    if (!server.schemaChanges)
      throw new LdapError("unwillingToPerform", "Schema changes are switched off");
    const replace = origin !== "byClient" || server.schemaReplace === "on";
    await this.#parts.configKeeper.exclusively(async () => {
      const schema = this.#parts.schemaKeeper.change(request.mods, {
        dn: identity.normalDn,
        now: directory.clock.now(),
        replace,
      });
      await this.#parts.actions.useSchema(schema);
    });
    this.#service.audit(request, identity);
    reply.send(finalResponse("modifyResponse", SUCCESS));
  }

  async #receiveSchema(
    connection: Connection,
    request: ModifyRequest,
    reply: Reply,
  ): Promise<void> {
    const supplierDn = identityOf(connection)?.normalDn ?? "";
    const result = await this.#parts.actions.schemas.receive(request, supplierDn);
    reply.send(finalResponse("modifyResponse", result));
  }

  /** A supplier that is 389 would never push if it saw all of our schema. */
  #serviceFor(connection: Connection, request: SearchRequest): Service {
    const { replicas } = this.#parts.actions;
    if (!isReadBy389(request) || !replicas.isSession(connection)) return this.#service;
    return { ...this.#service, schemaEntry: () => this.#service.schemaEntryFor389() };
  }

  #failed(message: RequestMessage, reply: Reply, error: unknown): void {
    if (!answerFailure(this.#service, message, reply, error)) this.#parts.onDefect(error);
  }
}
