/** The demo with a sandbox: the repository's tests run on the change, or it is said what is missing. */
import { describe, expect, it } from "vitest";
import { HAS_ENGINE, SANDBOX_IMAGE } from "../support/runner-process.ts";
import { HELLO, runDemo } from "./run-demo.ts";

describe("the demo with a sandbox", () => {
  it.skipIf(!HAS_ENGINE)("runs the example's own tests in a container, and ends everything", async () => {
    const env = { DOCKER_HOST: process.env["DOCKER_HOST"] ?? "", DOCKER_IMAGE: SANDBOX_IMAGE };
    const { code, stdout, stderr } = await runDemo(["--sandbox", "docker", HELLO], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("starting: sandbox-runner (docker)");
    expect(stdout).toContain('success verify: The command "python3 -m pytest" passed.');
    expect(stdout).toContain("done succeeded: Done: 1 file changed, pull request at");
  });

  it("says that no engine answers, and starts nothing", async () => {
    const env = { DOCKER_HOST: "unix:///var/empty/docker.sock" };
    const { code, stdout, stderr } = await runDemo(["--sandbox", "docker", HELLO], { env });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        "demo: No command can be run in a sandbox: The Docker engine does not answer as it should. It takes a running engine, and an image: docker build -t tiny-backspace-sandbox sandbox-runner/image\n",
    });
    expect(stdout).not.toContain("Worker in workerd");
  });
});
