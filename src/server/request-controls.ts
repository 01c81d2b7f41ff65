// The controls of a request, decoded once. A critical control that is unknown, or that does not fit the operation, refuses the
// operation before anything is done (RFC 4511 §4.1.11); a control that stands twice is a protocol error.
import {
  ASSERTION_OID,
  type Control,
  type Filter,
  LdapError,
  MANAGE_DSA_IT_OID,
  PAGED_RESULTS_OID,
  POST_READ_OID,
  PRE_READ_OID,
  type PagedResults,
  type Request,
  SUBENTRIES_OID,
  type SubentriesVisibility,
  UPDATE_INFO_OID,
  type UpdateInfo,
  decodeAssertion,
  decodePagedResults,
  decodeReadEntryRequest,
  decodeSubentries,
  decodeUpdateInfo,
} from "../protocol/index.ts";

export interface RequestControls {
  readonly manageDsaIt: boolean;
  readonly assertion: Filter | undefined;
  readonly preRead: readonly string[] | undefined;
  readonly postRead: readonly string[] | undefined;
  readonly paged: PagedResults | undefined;
  readonly subentries: SubentriesVisibility | undefined;
  readonly updateInfo: UpdateInfo | undefined;
}

const UPDATES: readonly Request["type"][] = ["add", "delete", "modify", "modifyDn"];
const READS_AND_UPDATES: readonly Request["type"][] = [...UPDATES, "search", "compare"];

/** Which operations each control goes with. */
const FITS: ReadonlyMap<string, readonly Request["type"][]> = new Map([
  [MANAGE_DSA_IT_OID, [...READS_AND_UPDATES, "extended"]],
  [ASSERTION_OID, READS_AND_UPDATES],
  [PRE_READ_OID, ["delete", "modify", "modifyDn"]],
  [POST_READ_OID, ["add", "modify", "modifyDn"]],
  [PAGED_RESULTS_OID, ["search"]],
  [SUBENTRIES_OID, ["search"]],
  [UPDATE_INFO_OID, UPDATES],
]);

/** OIDs for the root DSE. */
export const SUPPORTED_CONTROLS: readonly string[] = [...FITS.keys()];

export const NO_REQUEST_CONTROLS: RequestControls = {
  manageDsaIt: false,
  assertion: undefined,
  preRead: undefined,
  postRead: undefined,
  paged: undefined,
  subentries: undefined,
  updateInfo: undefined,
};

/** @throws LdapError unavailableCriticalExtension, protocolError */
export function readControls(
  type: Request["type"],
  controls: readonly Control[],
  filterDepthMax: number,
): RequestControls {
  if (controls.length === 0) return NO_REQUEST_CONTROLS;
  const values = new Map<string, Buffer | undefined>();
  for (const control of controls) {
    if (FITS.get(control.oid)?.includes(type) === true) {
      if (values.has(control.oid)) {
        throw new LdapError("protocolError", `The control ${control.oid} stands twice`);
      }
      values.set(control.oid, control.value);
    } else if (control.critical) {
      throw new LdapError(
        "unavailableCriticalExtension",
        `The critical control ${control.oid.slice(0, 80)} is not supported for this operation`,
      );
    }
  }
  const decode = <T>(oid: string, decoder: (value: Buffer | undefined) => T): T | undefined =>
    values.has(oid) ? decoder(values.get(oid)) : undefined;
  return {
    manageDsaIt: values.has(MANAGE_DSA_IT_OID),
    assertion: decode(ASSERTION_OID, (value) => decodeAssertion(value, filterDepthMax)),
    preRead: decode(PRE_READ_OID, decodeReadEntryRequest),
    postRead: decode(POST_READ_OID, decodeReadEntryRequest),
    paged: decode(PAGED_RESULTS_OID, decodePagedResults),
    subentries: decode(SUBENTRIES_OID, decodeSubentries),
    updateInfo: decode(UPDATE_INFO_OID, decodeUpdateInfo),
  };
}
