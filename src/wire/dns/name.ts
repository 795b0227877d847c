/**
 * Domain names as octets (RFC 1035 §2.3, §3.1): labels up to 63, names up to 255, compared without regard to ASCII case (RFC 4343).
 * Not host names: any octet may stand in a label, and this file does not judge which ones should.
 */
import { utf8 } from '../../base/bytes.ts'
import { err, ok, type Result } from '../../base/result.ts'

/** Labels from the leaf towards the root, one character an octet (U+0000 … U+00FF). The root is the empty array. */
export type Name = readonly string[]

export const ROOT: Name = []
export const LABEL_OCTETS_MAX = 63
export const NAME_OCTETS_MAX = 255

/** Octets of the uncompressed wire form, the root's zero included. */
export const nameOctets = (name: Name): number =>
  name.reduce((sum, label) => sum + label.length + 1, 1)

/** Only A … Z are folded: an octet above 127 is no letter here (RFC 4343 §3). */
const foldLabel = (label: string): string =>
  /[A-Z]/.test(label) ? label.replace(/[A-Z]+/g, (run) => run.toLowerCase()) : label

const PLAIN = /^[A-Za-z0-9_*-]*$/

const escapeLabel = (label: string): string =>
  PLAIN.test(label)
    ? label
    : label.replace(/[^A-Za-z0-9_*-]/g, (c) => {
        const code = c.charCodeAt(0)
        if (code > 0x20 && code < 0x7f) return '."\\;()@$'.includes(c) ? `\\${c}` : c
        return `\\${String(code).padStart(3, '0')}`
      })

/** The text of a master file, always with the last dot: `www.contoso.com.`, `a\.b.example.`, `\000.example.`; the root is `.`. */
export const formatName = (name: Name): string =>
  name.length === 0 ? '.' : `${name.map(escapeLabel).join('.')}.`

/** As people write it: without the last dot, unless it is the root. */
export const showName = (name: Name): string =>
  name.length === 0 ? '.' : formatName(name).slice(0, -1)

/** Equal for names that DNS holds equal, different for all others: the text in lower case. A Map key. */
export const nameKey = (name: Name): string =>
  name.length === 0 ? '.' : `${name.map((label) => foldLabel(escapeLabel(label))).join('.')}.`

/** The name with A … Z in lower case. */
export const foldName = (name: Name): Name => name.map(foldLabel)

export const sameName = (a: Name, b: Name): boolean =>
  a.length === b.length && a.every((label, i) => foldLabel(label) === foldLabel(b[i]!))

/** Whether `name` is `ancestor` or lies below it. */
export const isWithin = (name: Name, ancestor: Name): boolean =>
  name.length >= ancestor.length && sameName(name.slice(name.length - ancestor.length), ancestor)

/**
 * Read a name as master files write it. Text that does not end in an unescaped dot is relative to `origin`; `@` alone is `origin`.
 * Characters beyond ASCII stand for their UTF-8 octets. The error is one line for people.
 */
export function parseName(text: string, origin: Name = ROOT): Result<Name, string> {
  if (text === '@') return ok(origin)
  if (text === '.') return ok(ROOT)
  if (text === '') return err('an empty name')
  const labels: string[] = []
  let label = ''
  const octets = utf8(text)
  let relative = true
  for (let at = 0; at < octets.length; at++) {
    relative = octets[at] !== DOT
    if (!relative) {
      if (label === '') return err(`'${text}' has an empty label`)
      labels.push(label)
      label = ''
      continue
    }
    const read = readOctet(octets, at)
    if (read === undefined) return err(`'${text}' has a bad escape: \\X or \\DDD up to 255`)
    label += String.fromCharCode(read.octet)
    at += read.extra
  }
  if (label !== '') labels.push(label)
  return checkName(relative ? [...labels, ...origin] : labels, text)
}

const DOT = 0x2e
const BACKSLASH = 0x5c

/** One octet of presentation text, with escapes resolved; `extra` is how many more characters it took. */
export function readOctet(
  octets: Uint8Array,
  at: number,
): { readonly octet: number; readonly extra: number } | undefined {
  const octet = octets[at]!
  if (octet !== BACKSLASH) return { octet, extra: 0 }
  const next = octets[at + 1]
  if (next === undefined) return undefined
  if (next < 0x30 || next > 0x39) return { octet: next, extra: 1 }
  const digits = String.fromCharCode(...octets.subarray(at + 1, at + 4))
  if (!/^\d{3}$/.test(digits) || Number(digits) > 255) return undefined
  return { octet: Number(digits), extra: 3 }
}

function checkName(name: Name, text: string): Result<Name, string> {
  const long = name.find((label) => label.length > LABEL_OCTETS_MAX)
  if (long !== undefined) {
    return err(`'${text}' has a label of ${long.length} octets, at most ${LABEL_OCTETS_MAX}`)
  }
  const octets = nameOctets(name)
  return octets > NAME_OCTETS_MAX
    ? err(`'${text}' makes a name of ${octets} octets, at most ${NAME_OCTETS_MAX}`)
    : ok(name)
}

/** For literals in our own code and in tests; never relative. Throws RangeError. */
export function nameOf(text: string): Name {
  const read = parseName(text)
  if (!read.ok) throw new RangeError(read.error)
  return read.value
}

/** The uncompressed wire form. */
export function nameBytes(name: Name): Uint8Array {
  const out = new Uint8Array(nameOctets(name))
  let at = 0
  for (const label of name) {
    out[at++] = label.length
    for (let i = 0; i < label.length; i++) out[at++] = label.charCodeAt(i)
  }
  return out
}

/** An uncompressed name in RDATA that was decoded before, beginning at `at`. It ends with the data at the latest. */
export function nameAt(data: Uint8Array, at = 0): Name {
  const labels: string[] = []
  for (let length = data[at] ?? 0; length !== 0; length = data[at] ?? 0) {
    labels.push(String.fromCharCode(...data.subarray(at + 1, at + 1 + length)))
    at += 1 + length
  }
  return labels
}
