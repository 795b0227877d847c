/**
 * PEM: the textual encodings of PKIX (RFC 7468), taken apart into labelled blocks.
 * Not what is in them: {@link ./containers.ts} reads that.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { DerFault } from './der.ts'

/**
 * The blocks of a PEM file that carry one of `labels` (RFC 7468), decoded; others (keys) and text between are passed over.
 * A fault names the line, counted from 1.
 */
export function readPem(
  text: string,
  labels: ReadonlySet<string>,
): Result<readonly Uint8Array[], DerFault> {
  const blocks: Uint8Array[] = []
  let open: { readonly label: string; readonly line: number; body: string[] } | undefined
  const fault = (line: number, rule: string) => err({ field: `PEM line ${line}`, offset: 0, rule })
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const m = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----\s*$/.exec(line)
    if (m === null) {
      open?.body.push(line.trim())
    } else if (m[1] === 'BEGIN') {
      if (open !== undefined) return fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
      open = { label: m[2]!, line: index + 1, body: [] }
    } else {
      if (open?.label !== m[2]) return fault(index + 1, `${m[2]} has no begin (RFC 7468 §2)`)
      const body = open!.body.join('')
      if (labels.has(open!.label)) {
        // Node decodes leniently, so what it read must be what was written. (A pattern for 4 MiB would exhaust the stack.)
        const block = Buffer.from(body, 'base64')
        if (block.toString('base64') !== body) {
          return fault(open!.line, `${m[2]} is not base64 (RFC 7468 §3)`)
        }
        blocks.push(new Uint8Array(block))
      }
      open = undefined
    }
  }
  return open === undefined
    ? ok(blocks)
    : fault(open.line, `${open.label} has no end (RFC 7468 §2)`)
}
