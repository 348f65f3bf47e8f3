/** `docker compose up` takes the settings that the documentation lists. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parse } from "yaml";

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

/** The container has a volume, a port and no use for AWS. */
const ITS_OWN = ["PORT", "DATA_DIR", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

test("every documented variable of the service is passed on, and no other", async () => {
  const rows = (await read("docs/configuration.md")).match(/^\| `[A-Z].*$/gm) ?? [];
  const documented = rows.flatMap((row) => row.split("|")[1]?.match(/[A-Z][A-Z_]+/g) ?? []);
  const { services } = parse(await read("compose.yaml"));
  const passed = Object.keys(services.service.environment);
  expect(new Set(passed)).toEqual(new Set(documented.filter((name) => !ITS_OWN.includes(name))));
});
