export type { Bytes, BytesTable, IdTable, Kv, RangeOptions, Row, Table } from "./kv.ts";
