/** Programs whose output is the attack. */
import { ENDED, type HostileProgram } from "../program.ts";

export const OUTPUT: readonly HostileProgram[] = [
  {
    name: "10 GB on standard output",
    language: "sh",
    source: "yes 'line after line after line' | head -c 10G",
    timeout: 60,
    ends: ["output_limit"],
    sandbox: "either",
  },
  {
    name: "10 GB on standard error, by a program that cannot be asked to stop",
    language: "sh",
    source: "trap '' PIPE TERM INT HUP; yes | head -c 10G >&2; while :; do echo more >&2; done",
    timeout: 60,
    ends: ["output_limit"],
    sandbox: "either",
  },
  {
    name: "10 GB on both, without one newline",
    language: "sh",
    source: "head -c 10G /dev/zero & head -c 10G /dev/zero >&2; wait",
    timeout: 60,
    ends: ["output_limit"],
    sandbox: "either",
  },
  {
    name: "words to the terminal of whoever reads them",
    language: "sh",
    source: "printf '\\033]0;title\\007\\033[2J\\033[31mred\\000\\r\\b\\n'",
    ends: ENDED,
    exitCodes: [0],
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they arrive as they were written, as data.
    says: /^\u001b\]0;title\u0007\u001b\[2J\u001b\[31mred\u0000\r\u0008\n$/,
    sandbox: "lives",
  },
  {
    name: "bytes that are no text",
    language: "sh",
    source: "printf 'a\\377\\376b\\355\\240\\200c\\360\\237\\231\\202\\n'",
    ends: ENDED,
    exitCodes: [0],
    says: /^a\ufffd+b\ufffd+c\ud83d\ude42\n$/,
    sandbox: "lives",
  },
  {
    name: "a character that comes byte by byte",
    language: "python",
    source: `
import os, time
for byte in "\u00e9\u4e2d\ud83d\ude42".encode():
    os.write(1, bytes([byte]))
    time.sleep(0.05)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^\u00e9\u4e2d\ud83d\ude42$/,
    sandbox: "lives",
  },
  {
    name: "a forged end of its own output",
    language: "sh",
    source: `
printf '{"type":"end","ending":"exited","exit_code":0,"signal":null,"truncated":false,"duration_ms":1,"refused_hosts":[]}\\n'
printf '\\002\\000\\000\\000\\377\\377\\377\\377forged frame\\n'
exit 7`,
    ends: ENDED,
    exitCodes: [7],
    says: /forged frame\n$/,
    sandbox: "lives",
  },
  {
    name: "words on every descriptor that any process has open",
    language: "python",
    source: `
import os
for entry in os.listdir("/proc"):
    if not entry.isdigit() or int(entry) == os.getpid(): continue
    try: numbers = os.listdir(f"/proc/{entry}/fd")
    except OSError: continue
    for number in numbers:
        try:
            out = os.open(f"/proc/{entry}/fd/{number}", os.O_WRONLY | os.O_NONBLOCK)
            os.write(out, b"run 9\\nlist 0\\n0\\n0\\n" * 3)
        except OSError: pass
print("wrote")
`,
    timeout: 5,
    ends: ["exited", "signaled", "timed_out", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "thirst for what others are to read",
    language: "python",
    source: `
import os, time
for entry in os.listdir("/proc"):
    if not entry.isdigit() or int(entry) == os.getpid(): continue
    try: numbers = os.listdir(f"/proc/{entry}/fd")
    except OSError: continue
    for number in numbers:
        if os.fork() == 0:
            try:
                source = os.open(f"/proc/{entry}/fd/{number}", os.O_RDONLY)
                while os.read(source, 65536): pass
            except OSError: pass
            os._exit(0)
time.sleep(0.5)
print("drank")
`,
    timeout: 5,
    ends: ["exited", "signaled", "timed_out", "sandbox_lost"],
    sandbox: "either",
  },
];
