/**
 * Gives one command the way out: a forwarder inside the sandbox, from a port on its loopback interface to the
 * proxy's socket, and the variables that make package managers use it. Both are part of the command and end
 * with it; the proxy, which decides what may pass, is not in their reach.
 */
import { PROXY_SOCKET } from "./folders.ts";

/** Where a sandbox finds the folder of its proxy. */
export const PROXY_FOLDER = "/run/proxy";

const PORT = 3128;
const SOCKET = `${PROXY_FOLDER}/${PROXY_SOCKET}`;
const URL = `http://127.0.0.1:${PORT}`;
/** As /proc/net/tcp has it; 0A is TCP_LISTEN. */
const HEX_PORT = PORT.toString(16).toUpperCase().padStart(4, "0");

/** Seconds that one direction may go on for when the other one has ended. */
const HALF_OPEN_SECONDS = 60;
/** Each is a process, and those are limited; what comes beyond waits. */
const SOCAT_CONNECTIONS = 64;

/** Of 20 ms each; on a busy machine Node takes some of them. */
const START_TRIES = 500;

const PYTHON = `
import socket
from threading import Thread
def copy(source, sink):
    try:
        while data := source.recv(65536): sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):
            try: end.shutdown(socket.SHUT_RDWR)
            except OSError: pass
def join(client):
    with client, socket.socket(socket.AF_UNIX) as proxy:
        proxy.connect("${SOCKET}")
        there = Thread(target=copy, args=(client, proxy))
        there.start()
        copy(proxy, client)
        there.join()
with socket.create_server(("127.0.0.1", ${PORT})) as server:
    while True: Thread(target=join, args=(server.accept()[0],), daemon=True).start()
`;

const NODE = `
const { connect, createServer } = require("node:net");
createServer({ allowHalfOpen: true }, (client) => {
  const proxy = connect({ path: "${SOCKET}", allowHalfOpen: true });
  for (const [source, sink] of [[client, proxy], [proxy, client]])
    source.on("error", () => sink.destroy()).pipe(sink);
}).listen(${PORT}, "127.0.0.1");
`;

/** Names in lower case are what curl reads for http; PIP_ and npm_config_ only save requests that nobody asked for. */
const VARIABLES = [
  ...["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "YARN_HTTP_PROXY", "YARN_HTTPS_PROXY"].map(
    (name) => `${name}=${URL}`,
  ),
  ...["no_proxy", "NO_PROXY"].map((name) => `${name}=localhost,127.0.0.1,::1`),
  "NODE_USE_ENV_PROXY=1",
  "npm_config_audit=false",
  "npm_config_fund=false",
  "npm_config_update_notifier=false",
  "PIP_DISABLE_PIP_VERSION_CHECK=1",
];

/** The forwarder becomes PID 1's child: a command has no children but its own. */
const SCRIPT = `
start() (
  exec </dev/null >/dev/null 2>&1
  if command -v socat; then
    socat -t ${HALF_OPEN_SECONDS} TCP-LISTEN:${PORT},bind=127.0.0.1,reuseaddr,backlog=128,fork,max-children=${SOCAT_CONNECTIONS} UNIX-CONNECT:${SOCKET} &
  elif command -v python3; then python3 -c ${quoted(PYTHON)} &
  elif command -v node; then node -e ${quoted(NODE)} &
  else exit 1
  fi
)
listens() {
  while read -r _ local _ state _; do
    case $local/$state in *:${HEX_PORT}/0A) return 0 ;; esac
  done </proc/net/tcp
  return 1
}
if start; then
  tries=0
  until listens || [ "$tries" -gt ${START_TRIES} ]; do tries=$((tries + 1)); sleep 0.02; done
else
  echo "The network cannot be used: the sandbox's image has neither socat nor python3 nor node." >&2
fi
export ${VARIABLES.join(" ")}
`;

/** The same command, for `/bin/sh -c` in a sandbox that has the proxy's folder. */
export function networkCommand(command: string): string {
  return `${SCRIPT}exec /bin/sh -c ${quoted(command)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
