// A client that sends random operations to one of several suppliers, from a seed. It keeps away from the races in which
// 389 servers are known to end up different from each other or to stop:
//
// - names are never used twice, so that there are no naming conflicts;
// - only the supplier that added an entry renames, moves or deletes it, and containers are changed by their owner alone,
//   who is also the only one to name entries below them;
// - values of the RDN are changed by renames only, and equal values are never written in two spellings;
// - single-valued attributes are replaced or deleted as a whole;
// - an entry is not moved to where it is: 389 may answer later changes of it with "no such object", and its supplier, of
//   either kind, goes on;
// - an operation changes an attribute once;
// - object classes stay as they are.
//
// Everybody modifies everything else at any time, also entries that somebody renames or deletes at that moment.
import { LdapFailure } from "./ldap.ts";
import type { LdapClient, Modification } from "./ldap.ts";
import type { SeededRandom } from "./seeded-random.ts";

const VALUE_POOL = 12;
const SINGLE_VALUED_TYPE = "employeeNumber";
const MODIFIED_TYPES = [
  "description",
  "description;lang-de",
  "title",
  "telephoneNumber",
  SINGLE_VALUED_TYPE,
];
/** What a race with another supplier may answer: the entry or value has gone or come meanwhile. */
const RACE_CODES = new Set([16, 20, 32, 65]);

export interface SharedEntry {
  dn: string;
  readonly owner: number;
}

/** What all writers of a run know of the tree. */
export interface SharedTree {
  readonly suffix: string;
  readonly entries: SharedEntry[];
}

interface OwnContainer {
  dn: string;
  readonly entries: SharedEntry[];
}

export const SHARED_CONTAINERS = ["red", "green", "blue"] as const;

export class RandomWriter {
  readonly #client: LdapClient;
  readonly #owner: number;
  readonly #random: SeededRandom;
  readonly #tree: SharedTree;
  readonly #own: SharedEntry[] = [];
  readonly #containers: OwnContainer[] = [];
  #nameCount = 0;
  doneCount = 0;
  /** Operations that lost a race and were refused. */
  refusedCount = 0;

  constructor(options: {
    readonly client: LdapClient;
    readonly owner: number;
    readonly random: SeededRandom;
    readonly tree: SharedTree;
  }) {
    this.#client = options.client;
    this.#owner = options.owner;
    this.#random = options.random;
    this.#tree = options.tree;
  }

  async run(operationCount: number): Promise<void> {
    const end = this.doneCount + operationCount;
    while (this.doneCount < end) {
      try {
        await this.#one();
        this.doneCount += 1;
      } catch (error) {
        if (!(error instanceof LdapFailure) || !RACE_CODES.has(error.result.code)) throw error;
        this.refusedCount += 1;
      }
    }
  }

  /**
   * One more change that succeeds everywhere. A 389 consumer does not count a change that it answers with an error to be
   * ignored, or that changes nothing; its RUV moves on with the next good one of the same supplier.
   */
  async finish(): Promise<void> {
    await this.#add();
  }

  #one(): Promise<unknown> {
    const dice = this.#random.below(100);
    if (this.#own.length < 5 || dice < 25) return this.#add();
    if (dice < 73) return this.#modify();
    if (dice < 81) return this.#rename();
    if (dice < 86) return this.#move();
    if (dice < 94) return this.#delete();
    if (dice < 97) return this.#changeContainer();
    return this.#addToContainer();
  }

  async #add(): Promise<void> {
    const parent = `ou=${this.#random.pick(SHARED_CONTAINERS)},${this.#tree.suffix}`;
    await this.#addBelow(parent);
  }

  async #addBelow(parent: string): Promise<SharedEntry> {
    const name = this.#freshName();
    const entry: SharedEntry = { dn: `uid=${name},${parent}`, owner: this.#owner };
    await this.#client.add(entry.dn, {
      objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
      uid: name,
      cn: name,
      sn: this.#value(),
      description: [this.#value(), this.#freshName()],
    });
    this.#own.push(entry);
    this.#tree.entries.push(entry);
    return entry;
  }

  async #addToContainer(): Promise<void> {
    const container =
      this.#containers.length > 0
        ? this.#random.pick(this.#containers)
        : await this.#addContainer();
    container.entries.push(await this.#addBelow(container.dn));
  }

  async #addContainer(): Promise<OwnContainer> {
    const name = this.#freshName();
    const container = { dn: `ou=${name},${this.#tree.suffix}`, entries: [] };
    await this.#client.add(container.dn, { objectClass: "organizationalUnit", ou: name });
    this.#containers.push(container);
    return container;
  }

  /** Renames or moves a container with all that is below it. */
  async #changeContainer(): Promise<void> {
    if (this.#containers.length < 3) {
      await this.#addContainer();
      return;
    }
    const container = this.#random.pick(this.#containers);
    const dn = `ou=${this.#freshName()},${this.#pickSuperior()}`;
    await this.#client.rename(container.dn, rdnOf(dn), {
      deleteOldRdn: this.#isHeads(),
      newSuperior: superiorOf(dn),
    });
    const old = container.dn;
    container.dn = dn;
    for (const entry of container.entries)
      if (entry.dn.endsWith(`,${old}`)) entry.dn = `${rdnOf(entry.dn)},${dn}`;
  }

  async #rename(): Promise<void> {
    const entry = this.#random.pick(this.#own);
    const rdn = `${this.#isHeads() ? "uid" : "cn"}=${this.#freshName()}`;
    await this.#client.rename(entry.dn, rdn, {
      deleteOldRdn: this.#isHeads() && rdn.startsWith(rdnType(entry.dn)),
    });
    entry.dn = `${rdn},${superiorOf(entry.dn)}`;
  }

  async #move(): Promise<void> {
    const entry = this.#random.pick(this.#own);
    const container = this.#random.pick<OwnContainer | undefined>([undefined, ...this.#containers]);
    const superior = container?.dn ?? this.#pickSuperior();
    if (superior === superiorOf(entry.dn)) return;
    await this.#client.rename(entry.dn, rdnOf(entry.dn), { newSuperior: superior });
    entry.dn = `${rdnOf(entry.dn)},${superior}`;
    container?.entries.push(entry);
  }

  async #delete(): Promise<void> {
    const index = this.#random.below(this.#own.length);
    const [entry] = this.#own.splice(index, 1);
    if (entry === undefined) return;
    this.#tree.entries.splice(this.#tree.entries.indexOf(entry), 1);
    await this.#client.delete(entry.dn);
  }

  async #modify(): Promise<void> {
    const { dn } = this.#random.pick(this.#tree.entries);
    const types = MODIFIED_TYPES.filter(() => this.#random.below(MODIFIED_TYPES.length) === 0);
    const chosen = types.length > 0 ? types : [this.#random.pick(MODIFIED_TYPES)];
    await this.#client.modify(
      dn,
      chosen.map((type) => this.#modification(type)),
    );
  }

  #modification(type: string): Modification {
    if (type === SINGLE_VALUED_TYPE) {
      const values = this.#isHeads() ? [this.#value()] : [];
      return { op: "replace", type, values };
    }
    const values = [this.#value(), this.#value()].slice(0, 1 + this.#random.below(2));
    const distinct = [...new Set(values)];
    switch (this.#random.below(6)) {
      case 0:
      case 1:
        return { op: "add", type, values: distinct };
      case 2:
        return { op: "delete", type, values: distinct.slice(0, 1) };
      case 3:
        return { op: "replace", type, values: distinct };
      case 4:
        return { op: "replace", type, values: [] };
      default:
        return { op: "delete", type };
    }
  }

  #pickSuperior(): string {
    return `ou=${this.#random.pick(SHARED_CONTAINERS)},${this.#tree.suffix}`;
  }

  #value(): string {
    return `value ${this.#random.below(VALUE_POOL)}`;
  }

  #freshName(): string {
    this.#nameCount += 1;
    return `n${this.#owner}x${this.#nameCount}`;
  }

  #isHeads(): boolean {
    return this.#random.below(2) === 0;
  }
}

const rdnOf = (dn: string): string => dn.slice(0, dn.indexOf(","));
const rdnType = (dn: string): string => dn.slice(0, dn.indexOf("="));
const superiorOf = (dn: string): string => dn.slice(dn.indexOf(",") + 1);
