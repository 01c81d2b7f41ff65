// What a client does next: requests about a small pool of names and values, so that conflicts are common. Targets are mostly
// entries that the server shows, conflict entries and glue among them.
import { RecordFlag, type StoredEntry } from "../../src/entry/index.ts";
import type { AttributeValues, Mod, Request } from "../../src/protocol/index.ts";
import type { Backend } from "../../src/store/index.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import { SUFFIX } from "./scenario.ts";

const NAMES = ["a", "b", "c", "d", "e"];
const VALUES = ["v1", "v2", "v3", "v4", "V1", "v  2"];
const MULTI_VALUED = ["description", "description;lang-de", "telephoneNumber", "title", "sn"];
const SINGLE_VALUED = ["displayName", "employeeNumber"];
const NUMBERED = "uidNumber";
const DEPTH_MAX = 6;

export type Update = Extract<Request, { type: "add" | "modify" | "modifyDn" | "delete" }>;

/** Requests that one client sends one after the other. */
export function nextRequests(backend: Backend, random: SeededRandom): readonly Update[] {
  const writer = new RequestMaker(backend, random);
  return writer.next();
}

class RequestMaker {
  readonly #backend: Backend;
  readonly #random: SeededRandom;
  readonly #shown: readonly StoredEntry[];

  constructor(backend: Backend, random: SeededRandom) {
    this.#backend = backend;
    this.#random = random;
    const { reader } = backend;
    this.#shown = reader
      .idsFrom(1, 1000)
      .map((id) => reader.getEntry(id))
      .filter(({ flags }) => (flags & RecordFlag.tombstone) === 0)
      .filter(({ dn }) => !dn.includes("keep alive"));
  }

  next(): readonly Update[] {
    const { dn } = this.#pick();
    const dice = this.#random.below(100);
    if (this.#shown.length < 6 || dice < 24) return [this.#add()];
    if (dice < 60) return [this.#modify(this.#pick())];
    if (dice < 70) return [this.#rename(dn)];
    if (dice < 82) return [this.#move(dn)];
    if (dice < 92) return [{ type: "delete", dn: this.#anyDn() }];
    if (dice < 95) return this.#subtreeDelete();
    return [this.#resolve()];
  }

  #pick(): StoredEntry {
    return this.#random.pick(this.#shown);
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  /** Seldom one that is not there any more, or not yet. */
  #anyDn(): string {
    const { dn } = this.#pick();
    return this.#chance(90) ? dn : `cn=${this.#random.pick(NAMES)},${dn}`;
  }

  #parentDn(): string {
    for (;;) {
      const { dn } = this.#pick();
      if (dn.split(",").length <= DEPTH_MAX) return dn;
    }
  }

  #add(): Update {
    const rdn = this.#rdn();
    const attributes: AttributeValues[] = [
      {
        type: "objectClass",
        values: texts("top", "person", "organizationalPerson", "inetOrgPerson", "extensibleObject"),
      },
      { type: "cn", values: texts("entry") },
      { type: "sn", values: texts(this.#value()) },
    ];
    if (this.#chance(50)) {
      attributes.push({ type: "description", values: texts(...this.#values()) });
    }
    if (this.#chance(30)) attributes.push({ type: NUMBERED, values: texts("1") });
    return { type: "add", dn: `${rdn},${this.#parentDn()}`, attributes };
  }

  #rdn(): string {
    const name = this.#random.pick(NAMES);
    const dice = this.#random.below(20);
    if (dice === 0) return `cn=${name}+sn=${this.#random.pick(NAMES)}`;
    if (dice === 1) return `employeeNumber=${name}`;
    if (dice === 2) return `ou=${name}`;
    return `cn=${name}`;
  }

  #value(): string {
    return this.#random.pick(VALUES);
  }

  #values(): string[] {
    const values = [this.#value(), this.#value(), this.#value()].slice(this.#random.below(3));
    const plain = (value: string): string => value.toLowerCase().replaceAll(/\s+/g, " ");
    return values.filter(
      (value, index) => values.findIndex((other) => plain(other) === plain(value)) === index,
    );
  }

  #modify({ dn }: StoredEntry): Update {
    const count = 1 + Math.floor(3 * this.#random.next() ** 3);
    const mods = Array.from({ length: count }, () => this.#mod());
    return { type: "modify", dn, mods };
  }

  #mod(): Mod {
    const dice = this.#random.below(12);
    if (dice === 0) return { operation: "increment", type: NUMBERED, values: texts("1") };
    if (dice === 1) return { operation: "replace", type: NUMBERED, values: texts("7") };
    if (dice <= 4) {
      const type = this.#random.pick(SINGLE_VALUED);
      const operation = this.#random.pick(["add", "delete", "replace", "replace"] as const);
      const isEmpty = operation !== "add" && this.#chance(40);
      return { operation, type, values: isEmpty ? [] : texts(this.#value()) };
    }
    // Values of the RDN too.
    const type = dice === 5 ? "cn" : this.#random.pick(MULTI_VALUED);
    const operation = this.#random.pick(["add", "add", "delete", "delete", "replace"] as const);
    const isEmpty = operation !== "add" && this.#chance(25);
    const values = dice === 5 ? [this.#random.pick(NAMES)] : this.#values();
    return { operation, type, values: isEmpty ? [] : texts(...values) };
  }

  #rename(dn: string): Update {
    return {
      type: "modifyDn",
      dn,
      newRdn: this.#rdn(),
      deleteOldRdn: this.#chance(50),
      newSuperior: undefined,
    };
  }

  #move(dn: string): Update {
    const comma = dn.indexOf(",");
    return {
      type: "modifyDn",
      dn,
      newRdn: this.#chance(60) && comma > 0 ? plainRdnOf(dn) : this.#rdn(),
      deleteOldRdn: this.#chance(50),
      newSuperior: this.#parentDn(),
    };
  }

  /** As tools do it: what is below first. */
  #subtreeDelete(): readonly Update[] {
    const { normalDn } = this.#pick();
    if (normalDn === this.#backend.suffix) return [];
    return this.#shown
      .filter((entry) => entry.normalDn === normalDn || entry.normalDn.endsWith(`,${normalDn}`))
      .sort((a, b) => b.dn.split(",").length - a.dn.split(",").length)
      .map(({ dn }) => ({ type: "delete", dn }) as const);
  }

  /** What administrators do with conflict entries and glue. */
  #resolve(): Update {
    const odd = this.#shown.filter(
      ({ flags }) => (flags & (RecordFlag.conflict | RecordFlag.glue)) !== 0,
    );
    if (odd.length === 0) return this.#add();
    const { dn, flags } = this.#random.pick(odd);
    if ((flags & RecordFlag.glue) !== 0) {
      return {
        type: "modify",
        dn,
        mods: [{ operation: "delete", type: "objectClass", values: texts("glue") }],
      };
    }
    return this.#chance(30) ? { type: "delete", dn } : this.#rename(dn);
  }
}

const texts = (...values: string[]): Buffer[] => values.map((value) => Buffer.from(value));

/** Without the unique ID of a conflict name. */
function plainRdnOf(dn: string): string {
  const rdn = dn.slice(0, dn.indexOf(","));
  const parts = rdn.split("+").filter((part) => !part.toLowerCase().startsWith("nsuniqueid="));
  return parts.join("+");
}

/** The entries that there are before anything happens. */
export function firstEntries(): readonly Update[] {
  const classes = texts("top", "extensibleObject");
  const named = (rdn: string, parent: string): Update => {
    const [type = "", value = ""] = rdn.split("=");
    return {
      type: "add",
      dn: parent === "" ? rdn : `${rdn},${parent}`,
      attributes: [
        { type: "objectClass", values: type === "dc" ? texts("top", "domain") : classes },
        { type, values: texts(value) },
      ],
    };
  };
  return [
    named(SUFFIX, ""),
    named("ou=x", SUFFIX),
    named("ou=y", SUFFIX),
    named("cn=a", `ou=x,${SUFFIX}`),
    named("cn=b", `ou=x,${SUFFIX}`),
    named("cn=a", `ou=y,${SUFFIX}`),
  ];
}
