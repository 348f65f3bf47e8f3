/** A certificate authority that nobody trusts by itself, and a certificate of it for the names a test serves. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

export interface Certified {
  /** The authority's certificate, PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export async function certify(names: readonly string[]): Promise<Certified> {
  await using folder = await temporaryFolder();
  const run = promisify(execFile);
  const openssl = (...parts: string[]) => run("openssl", parts, { cwd: folder.path });
  const read = (name: string) => readFile(join(folder.path, name), "utf8");
  await openssl(
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=Test authority",
  );
  await openssl("req", ...NEW_KEY, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Test host");
  const extensions = [
    "basicConstraints=CA:FALSE",
    `subjectAltName=${names.map((name) => `DNS:${name}`).join()}`,
  ];
  await writeFile(join(folder.path, "leaf.ext"), extensions.join("\n"));
  await openssl(
    ..."x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.pem".split(
      " ",
    ),
  );
  return { ca: await read("ca.pem"), cert: await read("leaf.pem"), key: await read("leaf.key") };
}
