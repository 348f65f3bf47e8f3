/** What an operator is told when a backend cannot be made of the settings. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { createBackends } from "../../../sandbox-runner/src/backends.ts";
import { createLog } from "../../../sandbox-runner/src/log.ts";
import { SetUpError } from "../../../sandbox-runner/src/settings.ts";
import { runnerSettings } from "../../support/sandbox-runner.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

afterEach(() => void vi.unstubAllEnvs());

const create = (environment: Record<string, string>) =>
  createBackends(runnerSettings(environment), createLog({ write: () => {} }));

test("an engine's address that is none is named", async () => {
  vi.stubEnv("DOCKER_HOST", "http://[bad");
  await expect(create({})).rejects.toThrow(
    new SetUpError(
      "DOCKER_HOST or DOCKER_CERT_PATH will not do: DOCKER_HOST env variable should be something like tcp://localhost:1234",
    ),
  );
});

test.each(["NETWORK_ALLOW", "NETWORK_ALLOW_PRIVATE"])(
  "a mistake in %s is named, also while there is no network",
  async (name) => {
    await expect(create({ SANDBOX_BACKENDS: "process", [name]: "https://example.org/" })).rejects.toThrow(
      new SetUpError(
        'NETWORK, NETWORK_ALLOW, NETWORK_ALLOW_PRIVATE or NETWORK_FOLDER will not do: The allow-list entry "https://example.org/" is not one: ' +
          'write "host", "host:port", "*.host" or "*.host:port", without a scheme or a path.',
      ),
    );
  },
);

test("a folder for the network that cannot be made is to be mounted", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const options = { SANDBOX_BACKENDS: "process", NETWORK: "setup", NETWORK_FOLDER: join(file, "in") };
  await expect(create(options)).rejects.toThrow(
    new SetUpError(
      `NETWORK_FOLDER cannot be made (ENOTDIR: not a directory, mkdir '${join(file, "in")}'); ` +
        "in a container, mount a folder there, at the same path as on the engine's host.",
    ),
  );
});
