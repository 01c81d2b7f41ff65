// Opens a connection: TCP, TLS or StartTLS, bind (389: repl5_connection.c, conn_connect). @throws LinkError throughout.
import { type Socket, connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  type BindRequest,
  MANAGE_DSA_IT_CONTROL,
  NO_CONTROLS,
  type Response,
  ResultCode,
  START_TLS_OID,
} from "../protocol/index.ts";
import { TCP_KEEPALIVE_MS } from "./limits.ts";
import { Link, handshake } from "./link.ts";
import { LinkCode, LinkError } from "./link-error.ts";
import type { LinkIdentity, LinkSettings } from "./link-settings.ts";

/** Results of a bind after which the bootstrap identity is tried (389). */
const BOOTSTRAP_CODES: ReadonlySet<number> = new Set([
  ResultCode.noSuchObject,
  ResultCode.inappropriateAuthentication,
  ResultCode.invalidCredentials,
]);

/** A connection that is bound. */
export async function openLink(settings: LinkSettings): Promise<Link> {
  try {
    return await openAs(settings, settings.identity);
  } catch (error) {
    const { bootstrap } = settings;
    const mayBootstrap = error instanceof LinkError && BOOTSTRAP_CODES.has(error.ldapCode);
    if (bootstrap === undefined || !mayBootstrap) throw error;
    return openAs(settings, bootstrap);
  }
}

async function openAs(settings: LinkSettings, identity: LinkIdentity): Promise<Link> {
  const link = new Link(await connect(settings, identity));
  try {
    if (identity.transport === "startTls") await startTls(link, settings);
    await bind(link, identity, settings.timeoutMs);
    return link;
  } catch (error) {
    link.destroy();
    throw error;
  }
}

function connect(settings: LinkSettings, identity: LinkIdentity): Promise<Socket> {
  const { host, port, timeoutMs } = settings;
  return new Promise<Socket>((resolve, reject) => {
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    const timer =
      timeoutMs > 0
        ? setTimeout(() => fail(new Error("connecting took too long")), timeoutMs)
        : undefined;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new LinkError(LinkCode.serverDown, error.message, { cause: error }));
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  }).then((socket) => (identity.transport === "ldaps" ? secure(socket, settings) : socket));
}

async function secure(socket: Socket, settings: LinkSettings): Promise<Socket> {
  const secured = connectTls({ ...tlsOf(settings), socket });
  await handshake(secured, settings.timeoutMs);
  return secured;
}

/** RFC 6066 §3: an address is no server name, but the certificate may carry it all the same. */
function tlsOf({ tls, host }: LinkSettings): LinkSettings["tls"] & { readonly host: string } {
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  return { ...tls, host, ...(servername === undefined ? {} : { servername }) };
}

async function startTls(link: Link, settings: LinkSettings): Promise<void> {
  const request = { type: "extended", oid: START_TLS_OID, value: undefined } as const;
  const answers = await link.request(request, NO_CONTROLS, settings.timeoutMs);
  const response = answers.at(-1)?.response;
  if (response?.type !== "extendedResponse" || response.result.code !== ResultCode.success) {
    throw new LinkError(LinkCode.connectError, "StartTLS was refused");
  }
  await link.secure(tlsOf(settings), settings.timeoutMs);
}

async function bind(link: Link, identity: LinkIdentity, timeoutMs: number): Promise<void> {
  const answers = await link.request(bindRequest(identity), NO_CONTROLS, timeoutMs);
  const response = answers.at(-1)?.response;
  if (response?.type !== "bindResponse") {
    throw new LinkError(LinkCode.serverDown, "bind was not answered by a bind response");
  }
  if (response.result.code !== ResultCode.success) {
    throw new LinkError(response.result.code, response.result.message);
  }
}

function bindRequest({ bindMethod, bindDn, password }: LinkIdentity): BindRequest {
  const base = { type: "bind", version: 3 } as const;
  switch (bindMethod) {
    case "simple":
      return {
        ...base,
        name: bindDn,
        authentication: { method: "simple", password: Buffer.from(password) },
      };
    case "external":
      return {
        ...base,
        name: "",
        authentication: { method: "sasl", mechanism: "EXTERNAL", credentials: undefined },
      };
    case "gssapi":
    case "digestMd5":
      throw new LinkError(
        ResultCode.authMethodNotSupported,
        `Agreements cannot bind with ${bindMethod} yet`,
      );
  }
}

/** Values of one attribute of one entry; empty when it is not shown to us. */
export async function readValues(
  link: Link,
  entry: { readonly dn: string; readonly attributes: readonly string[] },
  timeoutMs: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const request = {
    type: "search",
    base: entry.dn,
    scope: "base",
    derefAliases: 0,
    sizeLimit: 0,
    timeLimit: Math.ceil(timeoutMs / 1000),
    typesOnly: false,
    filter: { type: "present", attribute: "objectclass" },
    attributes: entry.attributes,
  } as const;
  // The root DSE is read without the control (389).
  const controls = entry.dn === "" ? NO_CONTROLS : [MANAGE_DSA_IT_CONTROL];
  const answers = await link.request(request, controls, timeoutMs);
  return new Map(answers.flatMap(({ response }) => valuesOf(response)));
}

function valuesOf(response: Response): [string, readonly string[]][] {
  if (response.type !== "searchEntry") return [];
  return response.attributes.map(({ type, values }) => [
    type.toLowerCase(),
    values.map((value) => value.toString("utf8")),
  ]);
}
