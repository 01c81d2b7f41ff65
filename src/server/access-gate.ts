// From a bound connection to an access evaluator: who the caller is in the words of access rules, and how rules about groups and
// users look entries up.
import {
  AccessEvaluator,
  type AciStore,
  type Caller,
  type DirectoryState,
  type LocalTime,
  isGroupMember,
  isSelected,
} from "../access/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Connection } from "../frontend/index.ts";
import { type Access, FULL_ACCESS } from "../operation/index.ts";
import type { BackendReader } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import type { Identity } from "./identity.ts";
import type { AccessSubject } from "./service.ts";

interface KeptEvaluator {
  readonly evaluator: AccessEvaluator;
  readonly identity: Identity | undefined;
  readonly ssf: number;
}

const MINUTES_PER_HOUR = 60;

export class AccessGate {
  readonly #directory: Directory;
  readonly #store: AciStore;
  readonly #kept = new WeakMap<Connection, KeptEvaluator>();

  constructor(directory: Directory, store: AciStore) {
    this.#directory = directory;
    this.#store = store;
  }

  /** The rights of a caller in a write. `reader` is the state of the backend that the operation sees. */
  accessFor(subject: AccessSubject, reader: BackendReader | undefined): Access {
    return this.#isFree(subject)
      ? FULL_ACCESS
      : this.#newEvaluator(subject, reader, { time: this.#time() });
  }

  /** The rights of a caller in an operation that sees the committed state. What was worked out about the rules serves the
   *  next ones on the connection too. */
  readAccessFor(subject: AccessSubject): Access {
    if (this.#isFree(subject)) return FULL_ACCESS;
    const { identity, connection } = subject;
    const { kv, config } = this.#directory;
    const state = { snapshot: kv.snapshot, config: config.snapshot };
    const kept = this.#kept.get(connection);
    if (
      kept !== undefined &&
      kept.identity === identity &&
      kept.ssf === connection.ssf &&
      kept.evaluator.stillHolds(state, this.#time)
    ) {
      return kept.evaluator;
    }
    const evaluator = this.#newEvaluator(subject, undefined, { time: this.#time(), state });
    this.#kept.set(connection, { evaluator, identity, ssf: connection.ssf });
    return evaluator;
  }

  #isFree({ identity }: AccessSubject): boolean {
    return identity?.isRoot === true || !this.#directory.config.snapshot.server.accessControl;
  }

  readonly #time = (): LocalTime => {
    const now = new Date(this.#directory.clock.now());
    return { minute: now.getHours() * MINUTES_PER_HOUR + now.getMinutes(), day: now.getDay() };
  };

  #newEvaluator(
    subject: AccessSubject,
    reader: BackendReader | undefined,
    about: { readonly time: LocalTime; readonly state?: DirectoryState },
  ): AccessEvaluator {
    const { schema } = this.#directory;
    const find = (normalDn: string): EntryView | undefined => this.#find(normalDn, reader);
    const isMember = (group: string, user: string): boolean =>
      isGroupMember(group, user, { schema, find });
    return new AccessEvaluator(
      this.#store,
      {
        find,
        isMember,
        isMemberOfSelected: (selector, user) => this.#isMemberOfSelected(selector, user, isMember),
      },
      { caller: this.#caller(subject), ...about },
    );
  }

  #caller({ identity, connection }: AccessSubject): Caller {
    const isLocal = connection.kind === "ldapi";
    return {
      normalDn: identity?.normalDn,
      isRoot: false,
      method: identity === undefined ? "none" : identity.method === "external" ? "sasl" : "simple",
      mechanism: identity?.method === "external" ? "EXTERNAL" : undefined,
      ssf: connection.ssf,
      address: isLocal ? undefined : connection.peerAddress,
      host: undefined,
      isLocal,
    };
  }

  #find(normalDn: string, reader: BackendReader | undefined): EntryView | undefined {
    const target = this.#directory.route(normalDn);
    if (target.kind === "config") return this.#directory.config.findStored(normalDn);
    if (target.kind !== "suffix") return undefined;
    // The reader of a write sees more than that of its backend.
    const current = target.backend?.reader;
    const holder = reader !== undefined && reader.suffix === current?.suffix ? reader : current;
    return holder?.entryOfDn(normalDn);
  }

  /** Groups that a URL selects, looked for below its base. */
  #isMemberOfSelected(
    selector: Parameters<typeof isSelected>[0],
    user: string,
    isMember: (group: string, user: string) => boolean,
  ): boolean {
    for (const backend of this.#directory.backends.values()) {
      const { reader } = backend;
      for (let from = 1; ; ) {
        const ids = reader.idsFrom(from, 512);
        for (const id of ids) {
          const entry = reader.entry(id);
          if (entry !== undefined && isSelected(selector, entry) && isMember(entry.normalDn, user))
            return true;
        }
        const last = ids.at(-1);
        if (last === undefined) break;
        from = last + 1;
      }
    }
    return false;
  }
}
