/** Runs a C program as root with the capabilities it would take, and the seccomp profile as all that is in its way. */
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { SECCOMP_OPTION } from "../../../sandbox-runner/src/docker/seccomp.ts";
import { SANDBOX_IMAGE } from "../../support/runner-process.ts";

const CAPABILITIES = (
  "SYS_ADMIN SYS_PTRACE SYS_TIME SYS_BOOT SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PACCT SYS_NICE SYS_TTY_CONFIG " +
  "SYSLOG MKNOD NET_ADMIN NET_RAW DAC_READ_SEARCH IPC_LOCK"
).split(" ");

/** What it printed. Throws with what the compiler said. */
export async function probeAsRoot(source: string): Promise<string> {
  const docker = connectEngine();
  const container = await docker.createContainer({
    Image: SANDBOX_IMAGE,
    User: "0:0",
    WorkingDir: "/tmp",
    Env: [`SOURCE=${source}`],
    Cmd: ["sh", "-c", 'printf %s "$SOURCE" >probe.c && cc -o probe probe.c && exec ./probe'],
    HostConfig: {
      NetworkMode: "none",
      CapAdd: CAPABILITIES,
      SecurityOpt: [SECCOMP_OPTION, "apparmor=unconfined"],
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, stdout, stderr);
    stream.on("end", () => {
      stdout.end();
      stderr.end();
    });
    await container.start();
    const [said, complaint] = await Promise.all([text(stdout), text(stderr)]);
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    if (StatusCode !== 0) throw new Error(`the probe ended with ${StatusCode}: ${complaint}`);
    return said;
  } finally {
    await container.remove({ force: true });
  }
}
