/** What every host of the service must do alike, asked over HTTP with a real forge behind it. */
import { describe } from "vitest";
import type { HostName } from "../support/hosts.ts";
import { accessTests } from "./access.ts";
import { cancelTests } from "./cancel.ts";
import { configTests } from "./config.ts";
import { followUpTests } from "./follow-up.ts";
import { idempotencyTests } from "./idempotency.ts";
import { limitTests } from "./limits.ts";
import { modelKeyTests } from "./model-keys.ts";
import { readerTests } from "./readers.ts";
import { restartTests } from "./restart.ts";
import { runTests } from "./run.ts";
import { sandboxTests } from "./sandbox.ts";
import { sharedDeployment } from "./shared.ts";

/** The tests with a host to themselves come first: the others share one, and its processor. */
export function conformance(name: HostName): void {
  describe(`the service on ${name}`, () => {
    restartTests(name);
    configTests(name);
    limitTests(name);
    modelKeyTests(name);
    sandboxTests(name);
    describe.concurrent("shared", () => {
      const deployment = sharedDeployment(name);
      runTests(deployment);
      readerTests(deployment);
      cancelTests(deployment);
      followUpTests(deployment);
      idempotencyTests(deployment);
      accessTests(deployment);
    });
  });
}
