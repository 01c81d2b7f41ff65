// The digest tree of a suffix on one server, read over LDAP (protocol/extended/read-digest.ts).
import { hash } from "node:crypto";
import {
  type DigestLevel,
  READ_DIGEST_OID,
  type ReadDigestResponse,
  decodeReadDigestResponse,
  encodeReadDigest,
} from "../../protocol/index.ts";
import { type Ruv, parseRuv } from "../../replication/ruv/index.ts";
import type { DirectoryClient } from "../directory-client.ts";
import { CommandFailure } from "../failure.ts";

const GROUP_DIGEST_BYTES = 16;
const LEAF_BYTES = 20;
const ENTRY_BYTES = 32;
const ID_BYTES = 16;

/** The root of a tree and what is below it, at one moment. */
export interface DigestRoot {
  readonly ruv: Ruv;
  readonly entries: number;
  /** In hex. */
  readonly digest: string;
  /** In hex, one for each group. */
  readonly groups: readonly string[];
}

/** The entries of one bucket: digests in hex, by unique ID in hex; at one moment. */
export interface DigestBucket {
  readonly ruv: Ruv;
  readonly entries: ReadonlyMap<string, string>;
}

/** Whether all servers answer questions about digests. */
export async function offerDigests(clients: readonly DirectoryClient[]): Promise<boolean> {
  for (const client of clients) {
    const root = await client.find("", ["supportedExtension"]);
    if (root?.texts("supportedExtension").includes(READ_DIGEST_OID) !== true) return false;
  }
  return true;
}

/** Who answers. */
export type DigestClient = Pick<DirectoryClient, "url" | "extended">;

export class DigestSide {
  readonly client: DigestClient;
  readonly #suffix: string;

  constructor(client: DigestClient, suffix: string) {
    this.client = client;
    this.#suffix = suffix;
  }

  async root(): Promise<DigestRoot> {
    const { ruv, entries, parts } = await this.#ask("groups", []);
    const [groups = Buffer.alloc(0)] = parts;
    return {
      ruv: this.#ruv(ruv),
      entries,
      digest: hash("sha256", groups),
      groups: split(groups, GROUP_DIGEST_BYTES),
    };
  }

  /** The leaves of each of these groups, in hex. */
  async leaves(groups: readonly number[]): Promise<ReadonlyMap<number, readonly string[]>> {
    const found = new Map<number, readonly string[]>();
    await this.#askAll("leaves", groups, (group, part) =>
      found.set(group, split(part, LEAF_BYTES)),
    );
    return found;
  }

  async buckets(buckets: readonly number[]): Promise<ReadonlyMap<number, DigestBucket>> {
    const found = new Map<number, DigestBucket>();
    await this.#askAll("entries", buckets, (bucket, part, ruv) => {
      const entries = split(part, ENTRY_BYTES).map(
        (text) => [text.slice(0, 2 * ID_BYTES), text.slice(2 * ID_BYTES)] as const,
      );
      found.set(bucket, { ruv: this.#ruv(ruv), entries: new Map(entries) });
    });
    return found;
  }

  /** Asks until there is an answer for every key. */
  async #askAll(
    level: DigestLevel,
    keys: readonly number[],
    take: (key: number, part: Buffer, ruv: readonly string[]) => void,
  ): Promise<void> {
    for (let open = keys; open.length > 0; ) {
      const { ruv, parts } = await this.#ask(level, open);
      if (parts.length === 0) throw this.#incomprehensible();
      parts.forEach((part, index) => take(open[index] ?? 0, part, ruv));
      open = open.slice(parts.length);
    }
  }

  async #ask(level: DigestLevel, keys: readonly number[]): Promise<ReadDigestResponse> {
    const request = encodeReadDigest({ suffix: this.#suffix, level, keys });
    return decodeReadDigestResponse(await this.client.extended(READ_DIGEST_OID, request));
  }

  #ruv(texts: readonly string[]): Ruv {
    const ruv = parseRuv(texts);
    if (ruv === undefined) throw this.#incomprehensible();
    return ruv;
  }

  #incomprehensible(): CommandFailure {
    return new CommandFailure(`${this.client.url} answers in a way that makes no sense`, {
      hint: "Compare without digests: concord replication compare --method search",
    });
  }
}

function split(bytes: Buffer, width: number): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at + width <= bytes.length; at += width) {
    texts.push(bytes.toString("hex", at, at + width));
  }
  return texts;
}
