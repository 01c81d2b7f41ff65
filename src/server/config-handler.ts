// Changes of cn=config: one at a time; secrets are replaced first, then the change is checked, written to config/dse.ldif and
// flushed, swapped in, acted on, and only then answered (389: dse.c; admin-compat 0.3).
import {
  type SchemeName,
  hashPassword,
  isHashed,
  isSealed,
  sealCredential,
} from "../auth/index.ts";
import {
  type ConfigEntry,
  type ConfigEvent,
  type ConfigTree,
  listSecrets,
  prepareChange,
  replaceSecrets,
} from "../config/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import {
  type Access,
  candidateEntry,
  checkAcis,
  formatTime,
  newUniqueId,
} from "../operation/index.ts";
import {
  type FinalResponseType,
  LdapError,
  type Mod,
  SUCCESS,
  finalResponse,
  finalResponseType,
} from "../protocol/index.ts";
import type { Directory } from "./directory.ts";
import { identityOf } from "./identity.ts";
import type { Service } from "./service.ts";
import { tellFollowers } from "./tell-followers.ts";
import type { UpdateRequest } from "./update-request.ts";

const isComing = (mod: Mod): boolean => mod.operation !== "delete";

/** Acts on what a change of the configuration means. */
export interface ConfigActions {
  /** Refuses what cannot be done, before anything is stored. @throws LdapError */
  check(events: readonly ConfigEvent[], next: ConfigTree): void;
  /** Resolves when the change is in effect. */
  act(events: readonly ConfigEvent[]): Promise<void>;
  /** Hears of every change of an entry, with or without events. */
  followEntry(before: ConfigEntry | undefined, after: ConfigEntry | undefined): void;
}

export class ConfigKeeper {
  readonly #directory: Directory;
  readonly #sealKey: Buffer;
  readonly #save: (tree: ConfigTree) => Promise<void>;
  #last: Promise<unknown> = Promise.resolve();
  #isToldFollowers = true;

  /** `save`: puts a tree on disk, whole and flushed. */
  constructor(directory: Directory, sealKey: Buffer, save: (tree: ConfigTree) => Promise<void>) {
    this.#directory = directory;
    this.#sealKey = sealKey;
    this.#save = save;
  }

  get sealKey(): Buffer {
    return this.#sealKey;
  }

  /** Serves one change by a client. */
  async handle(
    service: Service,
    connection: Connection,
    request: UpdateRequest,
    reply: Reply,
    actions: ConfigActions,
  ): Promise<void> {
    this.#checkAccess(service, connection, request);
    this.#checkRules(request);
    const identity = identityOf(connection);
    const safe = await this.#withoutSecrets(service, connection, request);
    await this.exclusively(async () => {
      const { clock, random } = this.#directory;
      const now = clock.now();
      const prepared = prepareChange(this.#directory.config, safe, {
        callerDn: identity?.normalDn ?? "",
        timestamp: formatTime(now),
        newUniqueId: () => newUniqueId(now, random),
      });
      actions.check(prepared.events, prepared.tree);
      await this.store(prepared.tree);
      actions.followEntry(prepared.before, prepared.after);
      await actions.act(prepared.events);
    });
    service.audit(safe, identity);
    reply.send(finalResponse(finalResponseType(request.type) as FinalResponseType, SUCCESS));
  }

  /** Runs `step` when all changes before it are done. */
  exclusively<T>(step: () => Promise<T>): Promise<T> {
    const isFollowed = this.#directory.kv.sharing === "followed";
    const result = this.#last.then(isFollowed ? () => this.#runFollowed(step) : step);
    this.#last = result.catch(() => undefined); // its caller hears of it
    return result;
  }

  /** Makes `tree`, which comes from the one that is in force, the configuration, on disk first. Within `exclusively`: nothing else
   *  changes the configuration meanwhile. */
  async store(tree: ConfigTree): Promise<void> {
    await this.#save(tree);
    this.#directory.config = tree;
    this.#isToldFollowers = false;
  }

  /** Entries that only the memory holds (tasks) change without the file. */
  swap(tree: ConfigTree): void {
    this.#directory.config = tree;
  }

  async #runFollowed<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } finally {
      if (!this.#isToldFollowers) {
        this.#isToldFollowers = true;
        await tellFollowers(this.#directory, "config");
      }
    }
  }

  #checkAccess(service: Service, connection: Connection, request: UpdateRequest): void {
    const identity = identityOf(connection);
    if (identity?.isRoot === true) return;
    const access = service.accessFor({ identity, connection }, undefined);
    if (!this.#mayChange(access, request)) {
      throw new LdapError(
        "insufficientAccessRights",
        "Only administrators may change the configuration",
      );
    }
  }

  /** @throws LdapError invalidAttributeSyntax for an access rule that cannot be read */
  #checkRules(request: UpdateRequest): void {
    if (request.type !== "add" && request.type !== "modify") return;
    const { schema } = this.#directory;
    const given = request.type === "add" ? request.attributes : request.mods.filter(isComing);
    for (const { type, values } of given) {
      if (type.toLowerCase() === "aci") {
        checkAcis(schema, schema.normalizeDnText(request.dn), values);
      }
    }
  }

  #mayChange(access: Access, request: UpdateRequest): boolean {
    const { schema, config } = this.#directory;
    const normalDn = schema.normalizeDnText(request.dn);
    if (request.type === "add") {
      const attributes = request.attributes.map(({ type, values }) => ({
        description: config.descriptions.get(type),
        values,
      }));
      return access.mayEntry(candidateEntry(request.dn, normalDn, attributes), "add");
    }
    const entry = config.find(normalDn);
    if (entry === undefined) return false;
    switch (request.type) {
      case "delete":
        return access.mayEntry(entry, "delete");
      case "modify":
        return request.mods.every((mod) => {
          const { type, options } = config.descriptions.get(mod.type);
          return access.mayAttribute(entry, "write", type, options);
        });
      case "modifyDn":
        return false;
    }
  }

  async #withoutSecrets(
    service: Service,
    connection: Connection,
    request: UpdateRequest,
  ): Promise<UpdateRequest> {
    if (request.type !== "add" && request.type !== "modify") return request;
    const { server, passwordPolicy } = this.#directory.config.snapshot;
    const { random } = this.#directory;
    const hashers = service.hash.forOrigin(String(connection.id));
    const replacements = await Promise.all(
      listSecrets(request).map(async ({ kind, value }) => {
        if (kind === "credentials") {
          return isSealed(value) ? value : sealCredential(value, this.#sealKey, random);
        }
        if (isHashed(value)) return value;
        const scheme =
          kind === "rootPassword" ? server.rootPasswordScheme : passwordPolicy.storageScheme;
        return hashPassword(scheme as SchemeName, value, random, hashers);
      }),
    );
    return replaceSecrets(request, replacements);
  }
}
