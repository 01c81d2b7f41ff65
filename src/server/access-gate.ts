// From a bound connection to an access evaluator: who the caller is in the words of access rules, and how rules about groups and
// users look entries up.
import {
  AccessEvaluator,
  type AciStore,
  type Caller,
  isGroupMember,
  isSelected,
} from "../access/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { Access } from "../operation/index.ts";
import type { BackendReader } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import type { AccessSubject } from "./service.ts";

const MINUTES_PER_HOUR = 60;

/** Of the root DN, and of everybody while access control is off. */
const FULL_ACCESS: Access = {
  mayAttribute: () => true,
  mayChange: () => true,
  mayEntry: () => true,
  mayMove: () => true,
  mayReturn: () => true,
};

export class AccessGate {
  readonly #directory: Directory;
  readonly #store: AciStore;

  constructor(directory: Directory, store: AciStore) {
    this.#directory = directory;
    this.#store = store;
  }

  /** The rights of a caller in one operation. `reader` is the state of the backend that the operation sees. */
  accessFor(subject: AccessSubject, reader: BackendReader | undefined): Access {
    const isOpen = !this.#directory.config.snapshot.server.accessControl;
    if (isOpen || subject.identity?.isRoot === true) return FULL_ACCESS;
    const { schema } = this.#directory;
    const find = (normalDn: string): EntryView | undefined => this.#find(normalDn, reader);
    const now = new Date(this.#directory.clock.now());
    const isMember = (group: string, user: string): boolean =>
      isGroupMember(group, user, { schema, find });
    return new AccessEvaluator(
      this.#store,
      {
        find,
        isMember,
        isMemberOfSelected: (selector, user) => this.#isMemberOfSelected(selector, user, isMember),
      },
      {
        caller: this.#caller(subject),
        time: { minute: now.getHours() * MINUTES_PER_HOUR + now.getMinutes(), day: now.getDay() },
      },
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
    const id = holder?.idOfDn(normalDn);
    return id === undefined ? undefined : holder?.entry(id);
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
