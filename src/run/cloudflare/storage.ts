/** A Durable Object's SQLite as the Sql port. */
import type { DurableObjectState } from "cloudflare:workers";
import type { Sql, SqlRow } from "../host/sql.ts";

export function storageSql({ sql, transactionSync }: BoundStorage): Sql {
  return {
    rows: (statement, ...values) =>
      sql
        .exec(statement, ...values)
        .toArray()
        .map(plainRow),
    transaction: (work) => transactionSync(work),
  };
}

type BoundStorage = Pick<DurableObjectState["storage"], "sql" | "transactionSync">;

function plainRow(row: Readonly<Record<string, string | number | null | ArrayBuffer>>): SqlRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? new Uint8Array(value) : value,
    ]),
  );
}
