// The two servers of an interoperability test. With CONCORD_INTEROP_PEER=ns-slapd Concord's place is taken by another
// ns-slapd: so the tests themselves are proven, and a difference that 389 has with itself is found out.
import { ConcordServer } from "../support/concord-server.ts";
import type { DirectoryServer, ServerOptions } from "../support/directory-server.ts";
import { NsSlapd } from "../support/ns-slapd.ts";
import { openNode } from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";

export const SUFFIX = "dc=example,dc=com";

export const isRehearsal = process.env["CONCORD_INTEROP_PEER"] === "ns-slapd";

/** The server under test. */
export function createConcord(options: ServerOptions): Promise<DirectoryServer> {
  return isRehearsal ? NsSlapd.create(options) : ConcordServer.create(options);
}

/** Nodes of a suite, removed together at its end. */
export class Nodes {
  readonly #nodes: Node[] = [];

  async addNsSlapd(options: ServerOptions): Promise<Node> {
    return this.#add(await NsSlapd.create(options));
  }

  async addConcord(options: ServerOptions): Promise<Node> {
    return this.#add(await createConcord(options));
  }

  async removeAll(): Promise<void> {
    for (const { client } of this.#nodes) client.close();
    await Promise.all(this.#nodes.map(({ server }) => server.remove()));
    this.#nodes.length = 0;
  }

  /** After a restart of the server: a node with a fresh connection. */
  async reopen(node: Node): Promise<Node> {
    const fresh = await openNode(node.server);
    this.#nodes[this.#nodes.indexOf(node)] = fresh;
    return fresh;
  }

  async #add(server: DirectoryServer): Promise<Node> {
    const node = await openNode(server);
    this.#nodes.push(node);
    return node;
  }
}
