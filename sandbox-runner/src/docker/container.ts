/** What a sandbox's container is made of: every limit and every right it lacks. */
import type { ContainerCreateOptions } from "dockerode";
import { COMMAND_ENVIRONMENT } from "../command-environment.ts";
import { PROXY_FOLDER } from "../network/network-command.ts";
import { HOME, INIT_SCRIPT, INIT_USER, WORKSPACE } from "./scripts.ts";
import { SECCOMP_OPTION } from "./seccomp.ts";
import type { DockerSettings } from "./settings.ts";

export const SANDBOX_LABEL = "tiny-backspace.sandbox";
export const RUNNER_LABEL = "tiny-backspace.runner";
/** Tells one process of a runner from the one before it. */
export const INSTANCE_LABEL = "tiny-backspace.instance";
/** Milliseconds since the epoch. */
export const DEADLINE_LABEL = "tiny-backspace.deadline";

const MB = 1024 * 1024;

/** Parts of the memory limit that files outside the workspace may take: they count as memory, as the workspace does. */
const PARTS = { home: 1 / 8, tmp: 1 / 16, shm: 1 / 64 } as const;
const SCRATCH_FILES = 16_384;

const HOSTNAME = "sandbox";

export interface ContainerOptions {
  /** Runs commands, and owns the workspace; the group's id too. */
  readonly uid: number;
  readonly instance: string;
  /** Milliseconds since the epoch; the container ends by then, whatever happens. */
  readonly deadline: number;
  /** On the engine's host; mounted read-only. */
  readonly proxyFolder: string | undefined;
}

/** The body of `POST /containers/create` (https://docs.docker.com/reference/api/engine/version/v1.41/). */
export function containerOptions(
  settings: DockerSettings,
  options: ContainerOptions,
): ContainerCreateOptions {
  const { limits } = settings;
  const memory = limits.memory_limit_mb * MB;
  const seconds = Math.max(1, Math.ceil((options.deadline - Date.now()) / 1000));
  const owner = `uid=${options.uid},gid=${options.uid}`;
  const folder = (bytes: number, files: number, mode: string) =>
    `rw,exec,nosuid,nodev,size=${Math.floor(bytes)},nr_inodes=${files},mode=${mode},${owner}`;
  const workspace = settings.workspaceMb * MB;
  return {
    Image: settings.image,
    Entrypoint: ["/bin/sh", "-c", INIT_SCRIPT, "sh", String(seconds)],
    Cmd: [],
    User: INIT_USER,
    WorkingDir: "/",
    Hostname: HOSTNAME,
    Env: Object.entries({ HOME, ...COMMAND_ENVIRONMENT }).map(([name, value]) => `${name}=${value}`),
    // An engine that starts again after a crash stops what still runs; PID 1 hears no other signal.
    StopSignal: "SIGKILL",
    Healthcheck: { Test: ["NONE"] },
    Labels: {
      [SANDBOX_LABEL]: "1",
      [RUNNER_LABEL]: settings.runner,
      [INSTANCE_LABEL]: options.instance,
      [DEADLINE_LABEL]: String(options.deadline),
    },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
    HostConfig: {
      AutoRemove: true,
      ...(settings.runtime === undefined ? {} : { Runtime: settings.runtime }),
      // The engine then writes /etc/hosts, without which nothing knows "localhost"; NetworkDisabled would leave it empty.
      NetworkMode: "none",
      ExtraHosts: [`${HOSTNAME}:127.0.0.1`],
      // Instead of the host's own servers and domains, which are nobody's business, and so that lookups fail at once.
      Dns: ["127.0.0.1"],
      DnsSearch: ["."],
      IpcMode: "private",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true", SECCOMP_OPTION],
      Privileged: false,
      ReadonlyRootfs: true,
      Tmpfs: {
        [WORKSPACE]: folder(workspace, settings.workspaceFiles, "0700"),
        [HOME]: folder(memory * PARTS.home, SCRATCH_FILES, "0700"),
        "/tmp": folder(memory * PARTS.tmp, SCRATCH_FILES, "1777"),
      },
      ShmSize: Math.floor(memory * PARTS.shm),
      Memory: memory,
      MemorySwap: memory,
      OomKillDisable: false,
      // Where the host runs out of memory, sandboxes go first.
      OomScoreAdj: 500,
      NanoCpus: Math.round(limits.cpu_limit * 1e9),
      PidsLimit: settings.pids,
      Ulimits: [
        { Name: "nofile", Soft: settings.openFiles, Hard: settings.openFiles },
        { Name: "fsize", Soft: workspace, Hard: workspace },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
      Mounts:
        options.proxyFolder === undefined
          ? []
          : [{ Type: "bind", Source: options.proxyFolder, Target: PROXY_FOLDER, ReadOnly: true }],
    },
  };
}
