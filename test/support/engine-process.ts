/** A Docker engine of a test's own, which may be killed: dockerd in a folder, with a small image of GNU tools. */
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { SANDBOX_IMAGE } from "./runner-process.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

export interface EngineProcess extends AsyncDisposable {
  /** As `DOCKER_HOST` has it. */
  readonly host: string;
  readonly image: string;
  /** SIGKILL; containers are left running. */
  kill(): Promise<void>;
  /** Starts it again, and waits until it answers. */
  start(): Promise<void>;
}

const IMAGE = "small:latest";
/** What a sandbox's own scripts use, and a few for commands. */
const TOOLS =
  "sh tar find xargs timeout sleep sha256sum head cat rm date chmod mkdir env echo seq od ls mv kill true id grep";
/** With the libraries they are linked to, at the paths they really have: /bin and /lib are links. */
const COPY = `for tool in ${TOOLS}; do
  path=$(command -v $tool) && case $path in /*) echo $path; ldd $path 2>/dev/null | grep -o '/[^ ]*' ;; esac
done | sort -u | while read -r path; do
  echo $(readlink -f $(dirname $path))/$(basename $path)
  readlink -f $path
done | sort -u >/tmp/list
tar -c --no-recursion --files-from=/tmp/list /bin /lib /lib64 /tmp`;

/** Needs root, and an engine that runs already, whose sandbox image gives the tools. */
export async function startEngineProcess(): Promise<EngineProcess> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder()).path;
  const host = `unix://${folder}/d.sock`;
  const root = `${folder}/small.tar`;
  await writeFile(`${folder}/daemon.json`, '{"iptables": false, "bridge": "none"}');
  await mkdir(`${folder}/data`);
  const pipe = `docker run --rm --network none --entrypoint /bin/sh ${SANDBOX_IMAGE} -c "$1" >"$2"`;
  await run("/bin/sh", ["-c", pipe, "sh", COPY, root]);
  let server: ServerProcess;
  const start = async (): Promise<void> => {
    // Where nobody reaps what a killed engine leaves, it would wait for its containerd, which is dead.
    await rm(`${folder}/pid`, { force: true });
    await rm(`${folder}/exec/containerd/containerd.pid`, { force: true });
    const flags = `--config-file ${folder}/daemon.json --data-root ${folder}/data --exec-root ${folder}/exec`;
    server = await startServerProcess({
      command: "/bin/sh",
      args: ["-c", `exec dockerd ${flags} --pidfile ${folder}/pid -H ${host} 2>&1`],
      cwd: folder,
      env: {},
      readyOn: "stdout",
      ready: /API listen on/,
    });
    const answers = () =>
      run("docker", ["-H", host, "version"]).then(
        () => true,
        () => false,
      );
    await until("the engine answers", answers, 60_000);
  };
  await start();
  cleanup.defer(async () => {
    const containers = async () =>
      (await run("docker", ["-H", host, "ps", "-aq"])).stdout.split("\n").filter(Boolean);
    const removed = async () => {
      const ids = await containers();
      // Some are being removed already, which is an error too.
      if (ids.length > 0) await run("docker", ["-H", host, "rm", "-f", ...ids]).catch(() => undefined);
      return ids.length === 0;
    };
    await until("its containers are gone", removed, 30_000).catch(() => undefined);
    await server.stop();
    // What a killed engine had started: without it, nobody ends that. pkill finds nothing where none was killed.
    await run("pkill", ["-KILL", "-f", `containerd-shim.* -address ${folder}/`]).catch(() => undefined);
    // What it had mounted.
    const mounts = `awk -v below="${folder}/" 'index($5, below) == 1 {print $5}' /proc/self/mountinfo | sort -r | xargs -r umount -l`;
    await run("/bin/sh", ["-c", mounts]);
  });
  await run("docker", ["-H", host, "import", root, IMAGE]);
  const end = cleanup.move();
  return {
    host,
    image: IMAGE,
    kill: () => server.kill(),
    start,
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}
