/** Programs whose attack is on whoever reads the workspace back. */
import { ENDED, type HostileProgram } from "../program.ts";

export const FILES: readonly HostileProgram[] = [
  {
    name: "links to files and folders outside",
    language: "sh",
    source:
      "ln -s /etc/passwd leak; ln -s / root; ln -s ../../etc up; ln -s leak chain; ln -s loop loop; echo linked",
    ends: ENDED,
    exitCodes: [0],
    changes: {
      added: [],
      modified: [],
      deleted: [],
      skipped: ["chain", "leak", "loop", "root", "up"].map((path) => ({ path, reason: "not_a_file" })),
    },
    sandbox: "lives",
  },
  {
    name: "a folder that became a link to another",
    language: "sh",
    files: { "src/a.txt": "a", "src/b.txt": "b" },
    source: "rm -r src; ln -s /etc src; echo moved",
    ends: ENDED,
    exitCodes: [0],
    changes: {
      added: [],
      modified: [],
      deleted: ["src/a.txt", "src/b.txt"],
      skipped: [{ path: "src", reason: "not_a_file" }],
    },
    sandbox: "lives",
  },
  {
    name: "a file that became a folder, and a folder that became a file",
    language: "sh",
    files: { thing: "a file", "folder/inner.txt": "inner" },
    source: "rm thing; mkdir thing; echo 1 >thing/inside; rm -r folder; echo 2 >folder",
    ends: ENDED,
    exitCodes: [0],
    changes: { added: ["folder", "thing/inside"], modified: [], deleted: ["folder/inner.txt", "thing"] },
    sandbox: "lives",
  },
  {
    name: "hard links to what it may not write",
    language: "sh",
    source: `
for file in /etc/passwd /bin/sh /proc/1/environ /etc/shadow; do ln $file stolen 2>/dev/null && echo ESCAPED $file; done
echo mine >one; ln one two; echo linked`,
    ends: ENDED,
    exitCodes: [0],
    changes: { added: ["one", "two"], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "pipes and sockets in the way of the reader",
    language: "python",
    files: { "data.txt": "data" },
    source: `
import os, socket
os.unlink("data.txt")
os.mkfifo("data.txt")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
`,
    ends: ENDED,
    exitCodes: [0],
    changes: {
      added: [],
      modified: [],
      deleted: [],
      skipped: ["data.txt", "pipe", "socket"].map((path) => ({ path, reason: "not_a_file" })),
    },
    sandbox: "lives",
  },
  {
    name: "names made of newlines, dashes, quotes and spaces",
    language: "python",
    source: `
NAMES = ["a\\nb", "-rf", "--checkpoint-action=exec=sh x", "*", "$(touch pwned)", "\`touch pwned\`", "'\\"", " ", "\\t", "a\\\\b",
    "\\r", "#x", "~", "%s%n", "e\\u0301", "\\u202egnp.exe", "\\u4e2d\\u6587", "files", "changes.json"]
for name in NAMES:
    with open(name, "w") as file: file.write("x")
print(len(NAMES))
`,
    ends: ENDED,
    exitCodes: [0],
    neverSays: /pwned/,
    changes: {
      added: [
        "\t",
        "\r",
        " ",
        "#x",
        "$(touch pwned)",
        "%s%n",
        "'\"",
        "*",
        "--checkpoint-action=exec=sh x",
        "-rf",
        "a\nb",
        "a\\b",
        "changes.json",
        "e\u0301",
        "files",
        "`touch pwned`",
        "~",
        "\u202egnp.exe",
        "\u4e2d\u6587",
      ].toSorted(),
      skipped: [],
    },
    sandbox: "lives",
  },
  {
    name: "names that are no text",
    language: "python",
    source: `
import os
for name in (b"\\xff\\xfe", b"a\\x80b", b"\\xed\\xa0\\x80", b"good"):
    with open(name, "w") as file: file.write("x")
os.mkdir(b"folder\\xff")
with open(b"folder\\xff/inner", "w") as file: file.write("x")
`,
    ends: ENDED,
    exitCodes: [0],
    changes: {
      added: ["good"],
      skipped: ["a\ufffdb", "folder\ufffd/inner", "\ufffd\ufffd", "\ufffd\ufffd\ufffd"].map((path) => ({
        path,
        reason: "bad_name",
      })),
    },
    sandbox: "lives",
  },
  {
    name: "the longest names, and the deepest folders",
    language: "python",
    source: `
import os
with open("n" * 255, "w") as file: file.write("x")
for _ in range(60):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
with open("deep", "w") as file: file.write("x")
print("deep")
`,
    ends: ENDED,
    exitCodes: [0],
    changes: {
      added: ["n".repeat(255)],
    },
    sandbox: "lives",
  },
  {
    name: "links below names that are six times as long in JSON",
    language: "python",
    source: `
import os
name = b"\\x01" * 250
for top in range(6):
    os.chdir("/workspace")
    os.mkdir(b"%d" % top)
    os.chdir(b"%d" % top)
    for _ in range(15):
        os.mkdir(name)
        os.chdir(name)
    for at in range(1000): os.symlink(b"x", b"%d" % at)
print("linked")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^linked\n$/,
    changes: "payload_too_large",
    sandbox: "lives",
  },
  {
    name: "files and folders without any rights",
    language: "sh",
    source:
      "mkdir -p shut/inner; echo x >shut/inner/file; echo y >closed; chmod 0 shut/inner/file shut/inner shut closed",
    ends: ENDED,
    exitCodes: [0],
    changes: { added: ["closed", "shut/inner/file"], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "files and folders without any rights, deeper than a path can say",
    language: "python",
    source: `
import os
name = "d" * 250
for _ in range(20):
    os.mkdir(name)
    os.chdir(name)
os.mkdir("shut")
open("shut/file", "w").close()
open("closed", "w").close()
for each in ["shut/file", "shut", "closed"]: os.chmod(each, 0)
print("shut")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^shut\n$/,
    changes: {
      added: [],
      skipped: ["closed", "shut/file"].map((name) => ({
        path: `${`${"d".repeat(250)}/`.repeat(20)}${name}`,
        reason: "bad_name",
      })),
    },
    sandbox: "lives",
  },
  {
    name: "a workspace without rights",
    language: "sh",
    source: "echo x >file; chmod 0 /workspace; echo shut",
    ends: ENDED,
    exitCodes: [0],
    changes: { added: ["file"] },
    sandbox: "lives",
  },
  {
    name: "deleting all there is",
    language: "sh",
    files: { "a.txt": "a", "b/c.txt": "c" },
    source:
      'rm -rf / /workspace /workspace/.[!.]* /workspace/* "$HOME" /tmp 2>/dev/null; rm -rf --no-preserve-root / 2>/dev/null; echo gone',
    timeout: 60,
    ends: ENDED,
    exitCodes: [0],
    says: /gone/,
    changes: { added: [], modified: [], deleted: ["a.txt", "attack.sh", "b/c.txt"], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "hooks that git would run outside",
    language: "sh",
    source: `
mkdir -p .git/hooks sub/.git sub/.GIT; echo evil >.git/hooks/pre-commit; echo evil >.git/config; echo evil >sub/.git/config
for name in git~1 'sub/.git ' .git... '.git::$INDEX_ALLOCATION' "$(printf '.g\\342\\200\\214it')"; do
  mkdir -p "$name"; echo evil >"$name/config"; ln -s / "$name/link"
done
echo fine >.gitattributes`,
    ends: ENDED,
    exitCodes: [0],
    changes: { added: [".gitattributes"], modified: [], deleted: [], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "tools in place of those that read the workspace",
    language: "sh",
    source: `
for tool in find tar cat head xargs sha256sum sh sort rm kill; do
  for place in /workspace "$HOME" "$HOME/bin" /tmp; do
    mkdir -p "$place"; printf '#!/bin/sh\\necho ESCAPED\\n' >"$place/$tool"; chmod 755 "$place/$tool"
  done
done
for file in .profile .bashrc .shrc .bash_profile .env .gitconfig; do
  echo 'echo ESCAPED; export PATH=/workspace:$PATH ENV=/workspace/sh' >"$HOME/$file"
done
rm -f /workspace/*; echo replaced`,
    ends: ENDED,
    exitCodes: [0],
    says: /^replaced\n$/,
    changes: { added: [], deleted: ["attack.sh"], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "files that a daemon goes on changing",
    language: "python",
    source: `
import os
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        while True:
            try:
                with open("flip", "w") as file: file.write("x" * 10000)
                os.truncate("flip", 10)
                os.unlink("flip")
                os.symlink("/etc/passwd", "flip")
                os.unlink("flip")
            except OSError: pass
print("flipping")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /flipping/,
    sandbox: "lives",
  },
];
