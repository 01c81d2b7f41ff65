// What an observer outside knows: every change that was ever committed, who answered it, and which server holds which. From it
// the checkers know what must be there.
import type { Change } from "../../src/replication/change/index.ts";
import { decodeChange, encodeRecord } from "../../src/replication/changelog/index.ts";
import { type Csn, csnReplicaId } from "../../src/replication/csn/index.ts";
import { type Ruv, coversCsn, findElement } from "../../src/replication/ruv/index.ts";

interface KnownChange {
  readonly change: Change;
  readonly origin: string;
  /** A client was told that it has happened. */
  isAnswered: boolean;
  /** The only servers that had it were given other data by an operator. */
  isForfeited: boolean;
  /** Its origin lacks it, has stopped waiting for it, and issues newer ones, which cover it wherever it has not arrived. */
  isGivenUp: boolean;
  /** What its origin lacked when it was issued. */
  readonly unseen: ReadonlySet<Csn>;
}

export class Ledger {
  readonly changes = new Map<Csn, KnownChange>();
  readonly #held = new Map<string, Set<Csn>>();
  readonly #newest = new Map<number, Csn>();
  readonly #isSupplier: (server: string) => boolean;

  constructor(isSupplier: (server: string) => boolean) {
    this.#isSupplier = isSupplier;
  }

  /** Changes that are on the disk of this server. */
  heldBy(server: string): ReadonlySet<Csn> {
    return this.#held.get(server) ?? new Set();
  }

  servers(): Iterable<string> {
    return this.#held.keys();
  }

  /** Whether any server has the change. */
  isHeld(csn: Csn): boolean {
    return [...this.#held.values()].some((held) => held.has(csn));
  }

  /** A change has been committed. @throws Error a CSN came twice, or did not rise */
  note(server: string, ownReplicaId: number, change: Change): void {
    const { csn } = change;
    const known = this.changes.get(csn);
    const isOwn = csnReplicaId(csn) === ownReplicaId;
    if (known === undefined || (isOwn && this.#isThrownAway(csn))) {
      const newest = this.#newest.get(csnReplicaId(csn));
      if (!isOwn) throw new Error(`${server} has ${csn}, which nobody has issued`);
      // What an operator threw away with its only copies is known to nobody any more.
      if (newest !== undefined && newest >= csn && this.isHeld(newest)) {
        throw new Error(`${server} issued ${csn} after ${newest}`);
      }
      this.#newest.set(csnReplicaId(csn), csn);
      const copy = decodeChange(csn, encodeRecord(change, 0));
      this.changes.set(csn, {
        change: copy,
        origin: server,
        isAnswered: false,
        isForfeited: false,
        isGivenUp: false,
        unseen: new Set(this.#lackedBy(server)),
      });
    } else if (nameOf(known.change) !== nameOf(change)) {
      throw new Error(`${csn} is ${nameOf(known.change)}, and on ${server} ${nameOf(change)}`);
    }
    this.#hold(server).add(csn);
  }

  /** Whether an operator has given other data to all servers that had the change: its CSN may be issued again, because nobody
   *  knows it. */
  #isThrownAway(csn: Csn): boolean {
    return this.changes.get(csn)?.isForfeited === true && !this.isHeld(csn);
  }

  #lackedBy(server: string): Csn[] {
    const held = this.#hold(server);
    return [...this.changes.keys()].filter((csn) => !held.has(csn) && this.isHeld(csn));
  }

  /** A server has stopped waiting for changes of its own that others may hold. */
  giveUp(server: string, ownReplicaId: number): void {
    for (const csn of this.#lackedBy(server)) {
      const known = this.changes.get(csn);
      if (known !== undefined && csnReplicaId(csn) === ownReplicaId) known.isGivenUp = true;
    }
  }

  /** Whether some servers hold what was given up and others do not. */
  hasGap(servers: readonly string[]): boolean {
    return [...this.changes].some(([csn, { isGivenUp }]) => {
      if (!isGivenUp) return false;
      const holders = servers.filter((server) => this.heldBy(server).has(csn));
      return holders.length > 0 && holders.length < servers.length;
    });
  }

  /** Whether its origin lacked, when it issued this change, one that this server holds and that is not above `purgeCsn`. */
  isUnseenBelow(csn: Csn, server: string, purgeCsn: Csn): boolean {
    const held = this.heldBy(server);
    const unseen = this.changes.get(csn)?.unseen ?? new Set<Csn>();
    return [...unseen].some((other) => other <= purgeCsn && held.has(other));
  }

  answered(csn: Csn): void {
    const known = this.changes.get(csn);
    if (known === undefined) throw new Error(`${csn} was answered and is on no disk`);
    known.isAnswered = true;
  }

  /** The content of a server has been replaced by what `from` held of that which `ruv` covers, or has no element of any more. */
  replace(server: string, from: ReadonlySet<Csn>, ruv: Ruv | undefined): void {
    this.#replace(
      server,
      new Set([...from].filter((csn) => ruv !== undefined && isWithin(ruv, csn))),
    );
  }

  /** An operator has put a backup in the place of the content. */
  restore(server: string, backup: ReadonlySet<Csn>): void {
    this.#replace(server, new Set(backup));
  }

  /** A server is gone for good. */
  remove(server: string): void {
    this.#replace(server, new Set());
    this.#held.delete(server);
  }

  /** A forced cleaning has cut off what of this ID some have and others lack. Gives whether there is anything. */
  cutOff(replicaId: number, isLacked: (csn: Csn, change: Change) => boolean): boolean {
    let isAny = false;
    for (const [csn, known] of this.changes) {
      if (csnReplicaId(csn) !== replicaId || !this.isHeld(csn)) continue;
      if (!isLacked(csn, known.change)) continue;
      known.isGivenUp = true;
      isAny = true;
    }
    return isAny;
  }

  #replace(server: string, after: Set<Csn>): void {
    const before = this.#hold(server);
    this.#held.set(server, after);
    const holders = [...this.#held];
    for (const csn of before) {
      const known = this.changes.get(csn);
      if (known === undefined) continue;
      if (!this.isHeld(csn)) known.isForfeited = true;
      // What consumers alone hold is sent by nobody; newer changes of its origin cover it.
      else if (!holders.some(([name, held]) => this.#isSupplier(name) && held.has(csn))) {
        known.isGivenUp = true;
      }
    }
  }

  #hold(server: string): Set<Csn> {
    let held = this.#held.get(server);
    if (held === undefined) {
      held = new Set();
      this.#held.set(server, held);
    }
    return held;
  }
}

/** What a server held when it began to supply is in its data, also without an element: then the ID has been cleaned. */
const isWithin = (ruv: Ruv, csn: Csn): boolean =>
  coversCsn(ruv, csn) || findElement(ruv, csnReplicaId(csn)) === undefined;

const nameOf = ({ type, uniqueId, dn }: Change): string => `${type} of ${uniqueId} (${dn})`;
