import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { SECCOMP_OPTION } from "../../../sandbox-runner/src/docker/seccomp.ts";
import { HAS_ENGINE, run, startBackend, type TestBackend } from "./support/backend.ts";
import { containersOf } from "./support/containers.ts";

const MB = 1024 * 1024;

describe.skipIf(!HAS_ENGINE)("a sandbox's container", () => {
  let backend: TestBackend;
  beforeAll(() => {
    backend = startBackend();
  });
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
  });

  it("has every limit, and none of the rights that it can do without", async () => {
    const before = Date.now();
    const sandbox = await backend.create(200_000);
    const [info] = await containersOf(backend.settings.runner);
    const { Config, HostConfig, Mounts, NetworkSettings } = await connectEngine()
      .getContainer(info?.Id ?? "")
      .inspect();
    expect({
      user: Config.User,
      hostname: Config.Hostname,
      env: Config.Env?.filter((entry) => !/^(PIP|NPM)_/.test(entry)).sort((a, b) => (a < b ? -1 : 1)),
      healthcheck: Config.Healthcheck,
      volumes: Config.Volumes ?? {},
      ports: Config.ExposedPorts ?? {},
      labels: { ...Config.Labels, "tiny-backspace.instance": "any", "tiny-backspace.deadline": "any" },
      mounts: Mounts,
      networks: Object.keys(NetworkSettings.Networks),
      // dockerode's types lack it.
      stopSignal: (Config as { StopSignal?: string }).StopSignal,
    }).toEqual({
      user: "65533:65533",
      hostname: "sandbox",
      env: [
        "CI=true",
        "HOME=/home/sandbox",
        "LANG=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/home/sandbox/.local/bin",
        "PYTHONDONTWRITEBYTECODE=1",
      ],
      healthcheck: { Test: ["NONE"] },
      volumes: {},
      ports: {},
      labels: {
        "tiny-backspace.sandbox": "1",
        "tiny-backspace.runner": backend.settings.runner,
        "tiny-backspace.instance": "any",
        "tiny-backspace.deadline": "any",
      },
      mounts: [],
      networks: ["none"],
      stopSignal: "SIGKILL",
    });
    const deadline = Number(Config.Labels["tiny-backspace.deadline"]);
    expect(deadline).toBeGreaterThanOrEqual(before + 200_000);
    expect(deadline).toBeLessThanOrEqual(Date.now() + 200_000);
    const uid = (await run(sandbox, "id -u")).stdout.trim();
    const owner = `uid=${uid},gid=${uid}`;
    const { CapAdd, Binds, Devices, DeviceRequests, GroupAdd, Links, VolumesFrom } = HostConfig;
    const given = [CapAdd, Binds, Devices, DeviceRequests, GroupAdd, Links, VolumesFrom];
    expect(given.flatMap((list: readonly unknown[] | null | undefined) => list ?? [])).toEqual([]);
    expect(HostConfig).toMatchObject({
      AutoRemove: true,
      Privileged: false,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true", SECCOMP_OPTION],
      ReadonlyRootfs: true,
      NetworkMode: "none",
      ExtraHosts: ["sandbox:127.0.0.1"],
      Dns: ["127.0.0.1"],
      DnsSearch: ["."],
      IpcMode: "private",
      PidMode: "",
      UTSMode: "",
      UsernsMode: "",
      Tmpfs: {
        "/workspace": `rw,exec,nosuid,nodev,size=${64 * MB},nr_inodes=20000,mode=0700,${owner}`,
        "/home/sandbox": `rw,exec,nosuid,nodev,size=${32 * MB},nr_inodes=16384,mode=0700,${owner}`,
        "/tmp": `rw,exec,nosuid,nodev,size=${16 * MB},nr_inodes=16384,mode=1777,${owner}`,
      },
      ShmSize: 4 * MB,
      Memory: 256 * MB,
      MemorySwap: 256 * MB,
      OomKillDisable: false,
      OomScoreAdj: 500,
      NanoCpus: 2e9,
      PidsLimit: 128,
      Ulimits: [
        { Name: "nofile", Soft: 512, Hard: 512 },
        { Name: "fsize", Soft: 64 * MB, Hard: 64 * MB },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      Runtime: "runc",
    });
    await sandbox.destroy();
  });

  it("has them in force", async () => {
    const sandbox = await backend.create();
    const { stdout } = await run(
      sandbox,
      `grep -E 'CapEff|CapPrm|CapBnd|CapAmb|NoNewPrivs|Seccomp:' /proc/self/status | tr -s '\\t\\n' ' '; echo
touch /usr/new 2>&1; touch /run/new 2>&1
awk '$2 ~ "^/(workspace|tmp|home/sandbox|dev/shm)$" { print $2, $4 ~ /nosuid/, $4 ~ /nodev/, $4 ~ /noexec/ }' /proc/mounts | sort
ulimit -n; ulimit -c; ls /sys/class/net; ls -A /workspace /tmp /home/sandbox`,
    );
    expect(stdout.split("\n")).toEqual([
      "CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2 ",
      "touch: cannot touch '/usr/new': Read-only file system",
      "touch: cannot touch '/run/new': Read-only file system",
      "/dev/shm 1 1 1",
      "/home/sandbox 1 1 0",
      "/tmp 1 1 0",
      "/workspace 1 1 0",
      "512",
      "0",
      "lo",
      "/home/sandbox:",
      "",
      "/tmp:",
      "",
      "/workspace:",
      "",
    ]);
    await sandbox.destroy();
  });

  it("leaves no volume behind", async () => {
    const { Volumes: before } = await connectEngine().listVolumes();
    const sandbox = await backend.create();
    await run(sandbox, "true");
    await sandbox.destroy();
    expect((await connectEngine().listVolumes()).Volumes).toEqual(before);
  });
});
