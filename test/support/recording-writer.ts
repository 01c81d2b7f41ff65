// Clients that write without pause until the server goes away, and know afterwards what must be there. Every write that
// was answered stands in a journal file; of the writes that were on their way it may be one or the other, each whole.
//
// Each worker has entries of its own and one request at a time, so that at most one write a worker is undecided.
import { appendFileSync, readFileSync } from "node:fs";
import { LdapFailure } from "./ldap.ts";
import type { LdapClient } from "./ldap.ts";
import type { SeededRandom } from "./seeded-random.ts";

const WORKERS = 8;
const ENTRIES_A_WORKER_MAX = 40;

/** What is known of an entry: its name and the token of its last write. */
interface Known {
  readonly name: string;
  readonly token: string;
}

/** A write as it stands in the journal; `known` is what it leaves, `undefined` when it deletes. */
interface Write {
  readonly id: string;
  readonly known: Known | undefined;
}

type Expected = ReadonlyMap<string, Known>;

class Worker {
  readonly prefix: string;
  readonly entries = new Map<string, Known>();
  undecided: Write | undefined;
  count = 0;

  constructor(prefix: string) {
    this.prefix = prefix;
  }
}

export class RecordingWriter {
  readonly #base: string;
  readonly #random: SeededRandom;
  readonly #journalPath: string;
  readonly #workers: readonly Worker[];
  /** Writes that were answered, and writes that were found done although they were not. */
  doneCount = 0;

  constructor(options: {
    /** The parent of all entries that are written. */
    readonly base: string;
    readonly random: SeededRandom;
    readonly journalPath: string;
  }) {
    this.#base = options.base;
    this.#random = options.random;
    this.#journalPath = options.journalPath;
    this.#workers = Array.from({ length: WORKERS }, (_, index) => new Worker(`w${index}`));
    appendFileSync(this.#journalPath, "");
  }

  /** Writes until the connection is lost. `answered` is called after every answer. */
  async run(client: LdapClient, answered: () => void): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        try {
          for (;;) {
            await this.#write(worker, client);
            answered();
          }
        } catch (error) {
          // Lost connections are what is waited for; a refusal is a failure of the server.
          if (error instanceof LdapFailure && error.result.code !== 52) throw error;
        }
      }),
    );
  }

  /**
   * Compares the server with the journal and decides the undecided writes by what is found.
   * @returns a line for each write that is missing or for each entry that should not be there
   */
  async check(client: LdapClient): Promise<readonly string[]> {
    const found = await this.#read(client);
    const expected = this.#readJournal();
    const complaints: string[] = [];
    for (const worker of this.#workers) this.#decide(worker, expected, found);
    for (const [id, known] of expected) {
      const there = found.get(id);
      if (there === undefined) complaints.push(`${id} (${known.name}) is missing`);
      else if (there.name !== known.name || there.token !== known.token)
        complaints.push(
          `${id} is ${there.name} with ${there.token}, answered was ${known.name} with ${known.token}`,
        );
    }
    for (const [id, { name }] of found)
      if (!expected.has(id)) complaints.push(`${id} (${name}) was deleted and is there`);
    return complaints;
  }

  #decide(worker: Worker, expected: Map<string, Known>, found: Expected): void {
    const { undecided } = worker;
    worker.undecided = undefined;
    if (undecided === undefined) return;
    const there = found.get(undecided.id);
    const isDone =
      undecided.known === undefined
        ? there === undefined
        : there?.token === undecided.known.token && there.name === undecided.known.name;
    if (!isDone) return;
    this.#record(worker, undecided);
    if (undecided.known === undefined) expected.delete(undecided.id);
    else expected.set(undecided.id, undecided.known);
  }

  async #write(worker: Worker, client: LdapClient): Promise<void> {
    const dice = this.#random.below(100);
    const ids = [...worker.entries.keys()];
    const isFull = ids.length >= ENTRIES_A_WORKER_MAX;
    if (ids.length === 0 || (dice < 30 && !isFull)) return this.#add(worker, client);
    const id = this.#random.pick(ids);
    const { name, token } = worker.entries.get(id) as Known;
    const dn = `cn=${name},${this.#base}`;
    if (dice < 70) {
      const next = this.#token(worker);
      const write = { id, known: { name, token: next } };
      return this.#send(worker, write, client.replace(dn, "description", next));
    }
    if (dice < 85) {
      const next = `${id}-${this.#token(worker)}`;
      const write = { id, known: { name: next, token } };
      return this.#send(worker, write, client.rename(dn, `cn=${next}`));
    }
    return this.#send(worker, { id, known: undefined }, client.delete(dn));
  }

  #add(worker: Worker, client: LdapClient): Promise<void> {
    const token = this.#token(worker);
    const id = `${worker.prefix}e${token}`;
    const request = client.add(`cn=${id},${this.#base}`, {
      objectClass: ["top", "device"],
      cn: id,
      serialNumber: id,
      description: token,
    });
    return this.#send(worker, { id, known: { name: id, token } }, request);
  }

  async #send(worker: Worker, write: Write, request: Promise<unknown>): Promise<void> {
    worker.undecided = write;
    await request;
    worker.undecided = undefined;
    this.#record(worker, write);
  }

  #record(worker: Worker, write: Write): void {
    appendFileSync(this.#journalPath, `${JSON.stringify(write)}\n`);
    this.doneCount += 1;
    if (write.known === undefined) worker.entries.delete(write.id);
    else worker.entries.set(write.id, write.known);
  }

  #readJournal(): Map<string, Known> {
    const expected = new Map<string, Known>();
    for (const line of readFileSync(this.#journalPath, "utf8").split("\n")) {
      if (line === "") continue;
      const { id, known } = JSON.parse(line) as Write;
      if (known === undefined) expected.delete(id);
      else expected.set(id, known);
    }
    return expected;
  }

  async #read(client: LdapClient): Promise<Expected> {
    const { entries } = await client.search(this.#base, {
      scope: "one",
      filter: "(objectClass=device)",
      attributes: ["cn", "serialNumber", "description"],
    });
    return new Map(
      entries.map((entry) => {
        const name = entry.dn.slice(3, entry.dn.indexOf(","));
        return [entry.text("serialNumber") ?? "", { name, token: entry.text("description") ?? "" }];
      }),
    );
  }

  #token(worker: Worker): string {
    worker.count += 1;
    return String(worker.count);
  }
}
