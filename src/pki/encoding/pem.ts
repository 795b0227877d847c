/**
 * PEM: the textual encodings of PKIX (RFC 7468), taken apart into labelled blocks. Line ends of every kind, and lines of any length.
 * Not what is in them: {@link ../files/containers.ts} reads that.
 */
import { err, ok, type Result } from '../../base/result.ts'
import type { DerFault } from './der.ts'

/** What stands between one BEGIN line and its END line, not decoded: much of it is none of our business. */
export interface PemBlock {
  readonly label: string
  /** Of the BEGIN line, counted from 1. */
  readonly line: number
  readonly body: readonly string[]
}

const fault = (line: number, rule: string, offset = 0) =>
  err({ field: `PEM line ${line}`, offset, rule })

/** The blocks of a PEM text; what stands between them is passed over (RFC 7468 §5.2). A fault names the line. */
export function pemBlocks(text: string): Result<readonly PemBlock[], DerFault> {
  const blocks: PemBlock[] = []
  let open: { readonly label: string; readonly line: number; readonly body: string[] } | undefined
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const m = /^-----(BEGIN|END) ([A-Z0-9# ]{1,64})-----\s*$/.exec(line)
    if (m === null) {
      if (/^-----(?:BEGIN|END)/.test(line)) {
        return fault(index + 1, 'is no whole BEGIN or END line (RFC 7468 §2)')
      }
      open?.body.push(line.trim())
    } else if (m[1] === 'BEGIN') {
      if (open !== undefined) return fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
      open = { label: m[2]!, line: index + 1, body: [] }
    } else {
      if (open === undefined || open.label !== m[2])
        return fault(index + 1, `${m[2]} has no begin (RFC 7468 §2)`)
      blocks.push(open)
      open = undefined
    }
  }
  return open === undefined
    ? ok(blocks)
    : fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
}

/** The bytes of a block. A fault names the line, and the first octet of it that is wrong. */
export function decodePem({ label, line, body }: PemBlock): Result<Uint8Array, DerFault> {
  const base64 = body.join('')
  const bytes = Buffer.from(base64, 'base64')
  // Node decodes leniently, so what it read must be what was written. (A pattern for 4 MiB would exhaust the stack.)
  if (bytes.toString('base64') === base64) return ok(new Uint8Array(bytes))
  for (const [index, written] of body.entries()) {
    const at = written.search(/[^A-Za-z0-9+/=]/)
    if (at >= 0) return fault(line + 1 + index, `${label} is not base64 (RFC 7468 §3)`, at)
  }
  return fault(line, `${label} is not base64: digits are missing at its end (RFC 7468 §3)`)
}

/** The bytes of all blocks that carry one of `labels`, in order; others (keys) are passed over. */
export function readPem(
  text: string,
  labels: ReadonlySet<string>,
): Result<readonly Uint8Array[], DerFault> {
  const blocks = pemBlocks(text)
  if (!blocks.ok) return blocks
  const decoded: Uint8Array[] = []
  for (const block of blocks.value) {
    if (!labels.has(block.label)) continue
    const bytes = decodePem(block)
    if (!bytes.ok) return bytes
    decoded.push(bytes.value)
  }
  return ok(decoded)
}

/** One block, in lines of 64 characters (RFC 7468 §2). */
export function pemOf(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
