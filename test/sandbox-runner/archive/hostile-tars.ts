/** Attack 9: what may be in a tar that should not, each with the sentence it is refused with. */
import { END, joined, octal, paxEntry, paxRecord, type RawHeader, rawEntry, rawHeader } from "./raw-tar.ts";

export interface HostileTar {
  readonly name: string;
  /** What follows on `upload.json`, or all of it when it comes from a sandbox. */
  readonly tar: Uint8Array;
  readonly refusal: string;
}

const ended = (...parts: Uint8Array[]) => joined([...parts, END]);
const entry = (header: RawHeader, content?: string) => ended(rawEntry(header, content));
const paxNamed = (path: string) => ended(paxEntry(paxRecord("path", path)));

const kind = (type: string, words: string, link = "") => ({
  name: `${words} (type ${JSON.stringify(type)})`,
  tar: entry({ type, link }),
  refusal: `invalid_archive: The archive's entry "files/a" is ${words}; archives here hold regular files only.`,
});

const path = (name: string, problem: string) => ({
  name: `the path ${JSON.stringify(name.slice(0, 40))}`,
  tar: paxNamed(name),
  refusal: `invalid_archive: The archive's entry ${JSON.stringify(name)} ${problem}.`,
});

const long = (length: number) => "x".repeat(length);
const cut = (name: string) => `"${name.slice(0, 200)}…"`;
const BROKEN_PAX = "invalid_archive: The archive is broken: a pax header has a record of the wrong length.";
const NOT_OCTAL = 'invalid_archive: The archive\'s entry "files/a" has a size that is no octal number.';

export const HOSTILE_TARS: readonly HostileTar[] = [
  kind("1", "a hard link", "files/b"),
  kind("2", "a symbolic link", "/etc/passwd"),
  kind("3", "a character device"),
  kind("4", "a block device"),
  kind("5", "a folder"),
  kind("6", "a named pipe"),
  kind("7", "a contiguous file"),
  kind("S", "a GNU sparse file"),
  kind("L", "a GNU long name"),
  kind("K", "a GNU long link name"),
  kind("D", "a GNU folder listing"),
  kind("M", "a GNU continuation of another volume"),
  kind("V", "a GNU volume label"),
  kind("g", "a global pax header"),
  kind("\0", "a file of the old kind"),
  kind("Z", 'of the unknown type "Z"'),

  path("files/../x", 'has a ".." in its path'),
  path("files/..", 'has a ".." in its path'),
  path("files/a/../../../etc/cron.d/x", 'has a ".." in its path'),
  path("files/./a", 'has a "." in its path'),
  path("files//etc/passwd", "has an absolute path"),
  path("files/a//b", "has an empty name in its path"),
  path("files/a/", "has an empty name in its path"),
  path("files/", "has no path"),
  path("/etc/passwd", 'is not below "files/"'),
  path("../files/a", 'is not below "files/"'),
  path("filesystem", 'is not below "files/"'),
  path("files/nul\0byte", "has a NUL in its path"),
  path("files/.git/config", "leads into git's own folder"),
  path("files/a/.GIT/hooks/post-checkout", "leads into git's own folder"),
  path("files/.git. /config", "leads into git's own folder"),
  path("files/.git::$INDEX_ALLOCATION/config", "leads into git's own folder"),
  path("files/GIT~1/config", "leads into git's own folder"),
  path("files/.g\u200cit/config", "leads into git's own folder"),
  path("files/\u202e\ufeff.git", "leads into git's own folder"),
  {
    name: "a name of 256 bytes",
    tar: paxNamed(`files/${long(256)}`),
    refusal: `invalid_archive: The archive's entry ${cut(`files/${long(256)}`)} has a name longer than 255 bytes in its path.`,
  },
  {
    name: "a path of 4,001 bytes",
    tar: paxNamed(`files/${"abcdefghi/".repeat(400)}x`),
    refusal: `invalid_archive: The archive's entry ${cut(`files/${"abcdefghi/".repeat(400)}`)} has a path longer than 4000 bytes.`,
  },
  {
    name: "an absolute path in the ustar prefix",
    tar: entry({ prefix: "/etc", name: "passwd" }),
    refusal: 'invalid_archive: The archive\'s entry "/etc/passwd" is not below "files/".',
  },
  {
    name: "a path out of the workspace in the ustar prefix",
    tar: entry({ prefix: "files/..", name: "x" }),
    refusal: 'invalid_archive: The archive\'s entry "files/../x" has a ".." in its path.',
  },
  {
    name: "a name that is no UTF-8",
    tar: entry({ name: Uint8Array.of(...new TextEncoder().encode("files/"), 0xff, 0xfe) }),
    refusal: 'invalid_archive: The archive\'s entry "files/\ufffd\ufffd" has a name that is not valid UTF-8.',
  },

  {
    name: "the same file twice",
    tar: ended(rawEntry({}), rawEntry({})),
    refusal: 'invalid_archive: The archive\'s entry "a" is there twice.',
  },
  {
    name: "a file that later is a folder",
    tar: ended(rawEntry({ name: "files/a" }), rawEntry({ name: "files/a/b/c" })),
    refusal: 'invalid_archive: The archive\'s entry "a" is a file and a folder at once.',
  },
  {
    name: "a folder that later is a file",
    tar: ended(rawEntry({ name: "files/a/b/c" }), rawEntry({ name: "files/a/b" })),
    refusal: 'invalid_archive: The archive\'s entry "a/b" is a file and a folder at once.',
  },
  {
    name: "the same file twice, once by pax",
    tar: ended(rawEntry({}), paxEntry(paxRecord("path", "files/a"), { name: "files/b" })),
    refusal: 'invalid_archive: The archive\'s entry "a" is there twice.',
  },

  {
    name: "a wrong checksum",
    tar: entry({ checksum: "000000\0 " }),
    refusal: "invalid_archive: The archive is broken: a header's checksum is wrong.",
  },
  {
    name: "a checksum that is no number",
    tar: entry({ checksum: "\0\0\0\0\0\0\0\0" }),
    refusal: "invalid_archive: The archive is broken: a header's checksum is wrong.",
  },
  {
    name: "no ustar magic",
    tar: entry({ magic: "" }),
    refusal: 'invalid_archive: The archive\'s entry "files/a" is not in the ustar or pax format.',
  },
  {
    name: "the old GNU magic",
    tar: entry({ magic: "ustar  \0" }),
    refusal: 'invalid_archive: The archive\'s entry "files/a" is not in the ustar or pax format.',
  },
  {
    name: "a mode that is no number",
    tar: entry({ mode: "rw-r--r-" }),
    refusal: 'invalid_archive: The archive\'s entry "files/a" has a mode that is no octal number.',
  },

  {
    name: "a size in base 256",
    tar: entry({ size: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) }),
    refusal: NOT_OCTAL,
  },
  {
    name: "a negative size in base 256",
    tar: entry({ size: new Uint8Array(12).fill(0xff) }),
    refusal: NOT_OCTAL,
  },
  { name: "a size with a minus", tar: entry({ size: "-0000000001\0" }), refusal: NOT_OCTAL },
  { name: "a decimal size", tar: entry({ size: "00000000019\0" }), refusal: NOT_OCTAL },
  { name: "no size", tar: entry({ size: new Uint8Array(12) }), refusal: NOT_OCTAL },
  { name: "a size with something behind it", tar: entry({ size: "0000001 777\0" }), refusal: NOT_OCTAL },
  {
    name: "a size beyond the end",
    tar: joined([rawHeader({ size: octal(5000) }), new Uint8Array(1024)]),
    refusal: 'invalid_archive: The archive ends in the middle of its entry "files/a".',
  },
  {
    name: "a size too small, so that content is read as a header",
    tar: ended(rawEntry({ size: octal(3) }, `${"abc".padEnd(512, "\0")}${"content".repeat(80)}`)),
    refusal: "invalid_archive: The archive is broken: a header's checksum is wrong.",
  },
  {
    name: "a size of 64 GiB less one",
    tar: entry({ size: "777777777777" }),
    refusal: 'payload_too_large: The archive\'s entry "files/a" has 68719476735 bytes; the limit is 1000000.',
  },

  ...[
    ["size", "0"],
    ["size", "99999999999999999999"],
    ["linkpath", "/etc/passwd"],
    ["hdrcharset", "BINARY"],
    ["GNU.sparse.major", "1"],
    ["GNU.sparse.name", "files/b"],
    ["GNU.sparse.realsize", "1000000000000"],
    ["GNU.sparse.map", "0,1,1000000000000,0"],
    ["SCHILY.xattr.security.capability", "x"],
    ["SCHILY.filetype", "sparse"],
    ["LIBARCHIVE.symlinktype", "file"],
    ["__proto__", "x"],
  ].map(([key = "", value = ""]) => ({
    name: `a pax record for ${key}: ${value}`,
    tar: ended(paxEntry(paxRecord(key, value))),
    refusal: `invalid_archive: The archive has a pax header with ${JSON.stringify(key)}, which is not taken here.`,
  })),
  {
    name: "a pax record without a key",
    tar: ended(paxEntry("8 value\n")),
    refusal: 'invalid_archive: The archive has a pax header with "", which is not taken here.',
  },
  {
    name: "two pax paths",
    tar: ended(paxEntry(paxRecord("path", "files/b") + paxRecord("path", "files/c"))),
    refusal: "invalid_archive: The archive is broken: a pax header has two paths.",
  },
  {
    name: "an empty pax path",
    tar: paxNamed(""),
    refusal: 'invalid_archive: The archive\'s entry "" is not below "files/".',
  },
  {
    name: "a pax path that is no UTF-8",
    tar: ended(paxEntry(Buffer.from("17 path=files/\xff\xfe\n", "latin1"))),
    refusal: "invalid_archive: The archive has a path that is not valid UTF-8 in a pax header.",
  },
  ...[
    ["too short a length", paxRecord("path", "files/b", 9)],
    ["a length beyond the header", paxRecord("path", "files/b", 900)],
    ["a length of zero", paxRecord("path", "files/b", 0)],
    ["a negative length", paxRecord("path", "files/b", -17)],
    ["a length of many digits", `${"9".repeat(400)} path=files/b\n`],
    ["a length with a sign", "+17 path=files/b\n"],
    ["no length", "path=files/b\n"],
    ["nothing but digits", "17"],
    ["no newline at its end", "16 path=files/bc"],
    ["zeros behind it", `${paxRecord("path", "files/b")}\0\0\0\0`],
  ].map(([name = "", records = ""]) => ({
    name: `a pax record with ${name}`,
    tar: ended(paxEntry(records)),
    refusal: BROKEN_PAX,
  })),
  {
    name: "a pax header of 32 KiB and one byte",
    tar: ended(paxEntry(long(32_769))),
    refusal: "payload_too_large: The archive has a pax header of 32769 bytes; the limit is 32768.",
  },
  {
    name: "a pax header that says it has 8 GiB",
    tar: joined([rawHeader({ type: "x", size: octal(8 * 1024 ** 3 - 1) }), new Uint8Array(4096)]),
    refusal: "payload_too_large: The archive has a pax header of 8589934591 bytes; the limit is 32768.",
  },
  {
    name: "a pax header for a pax header",
    tar: ended(rawEntry({ type: "x" }, paxRecord("path", "files/b")), paxEntry(paxRecord("path", "files/c"))),
    refusal: "invalid_archive: The archive is broken: a pax header follows a pax header.",
  },
  {
    name: "a pax header for a symbolic link",
    tar: ended(paxEntry(paxRecord("path", "files/b"), { type: "2", link: "/etc" })),
    refusal:
      'invalid_archive: The archive\'s entry "files/a" is a symbolic link; archives here hold regular files only.',
  },
  {
    name: "a pax header for nothing",
    tar: ended(rawEntry({ type: "x" }, paxRecord("path", "files/b"))),
    refusal: "invalid_archive: The archive is broken: a header's checksum is wrong.",
  },
  {
    name: "a pax header and then no more",
    tar: rawEntry({ type: "x" }, paxRecord("path", "files/b")),
    refusal: "invalid_archive: The archive was cut short.",
  },

  { name: "no end", tar: rawEntry({}), refusal: "invalid_archive: The archive was cut short." },
  {
    name: "half an end",
    tar: joined([rawEntry({}), new Uint8Array(512)]),
    refusal: "invalid_archive: The archive was cut short.",
  },
  {
    name: "half a header",
    tar: rawEntry({}).subarray(0, 300),
    refusal: "invalid_archive: The archive was cut short.",
  },
  {
    name: "half a filling",
    tar: rawEntry({}, "abc").subarray(0, 700),
    refusal: "invalid_archive: The archive was cut short.",
  },
  {
    name: "a single zero block in the middle",
    tar: joined([rawEntry({}), new Uint8Array(512), rawEntry({ name: "files/b" }), END]),
    refusal: "invalid_archive: The archive is broken: a single zero block is in the middle of it.",
  },
  {
    name: "a second archive behind the end",
    tar: ended(rawEntry({}), END, rawEntry({ name: "files/b" })),
    refusal: "invalid_archive: The archive has data after its end.",
  },
  {
    name: "one byte behind the end",
    tar: joined([rawEntry({}), END, Uint8Array.of(1)]),
    refusal: "invalid_archive: The archive has data after its end.",
  },
  {
    name: "zeros without end",
    tar: joined([rawEntry({}), END, new Uint8Array(10_241)]),
    refusal: "invalid_archive: The archive has data after its end.",
  },
  {
    name: "no tar but gzip",
    tar: joined([Uint8Array.of(0x1f, 0x8b, 8), new Uint8Array(2000)]),
    refusal: "invalid_archive: The archive is broken: a header's checksum is wrong.",
  },
];
