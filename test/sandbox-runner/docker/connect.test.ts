import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { certify } from "../network/support/authority.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("an engine behind TLS is spoken to as Docker's own tools do, with a certificate on both sides", async () => {
  await using folder = await temporaryFolder();
  const { ca, cert, key } = await certify(["localhost"]);
  const asked: unknown[] = [];
  const server = createServer(
    { ca, cert, key, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      asked.push([request.url, request.headers.connection]);
      response.end("OK");
    },
  );
  await once(server.listen(0, "localhost"), "listening");
  try {
    for (const [name, text] of Object.entries({ ca, cert, key })) {
      await writeFile(join(folder.path, `${name}.pem`), text);
    }
    vi.stubEnv("DOCKER_HOST", `tcp://localhost:${(server.address() as AddressInfo).port}`);
    vi.stubEnv("DOCKER_TLS_VERIFY", "1");
    vi.stubEnv("DOCKER_CERT_PATH", folder.path);
    expect(String(await connectEngine().ping())).toBe("OK");
    expect(asked).toEqual([["/_ping", "close"]]);
  } finally {
    server.close();
  }
});
