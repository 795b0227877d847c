/**
 * A topology that starts now: certificates follow by themselves, and thumbprints in ProfileXML follow them, so that profiles go on trusting
 * the authorities that they name. Not other dates: those written as dates stay.
 */
import { compileTopology } from './compile.ts'
import { thumbprint } from '../pki/certificate/thumbprint.ts'
import { deepFreeze, type HostSpec, type NodeSpec, type Topology } from '../topology/topology.ts'

/** `start` is an ISO date-time. What cannot be built stays as it is: whoever builds it tells why. */
export function asOfNow(topology: Topology, start: string): Topology {
  const moved = deepFreeze({ ...topology, start })
  const changes = thumbprintChanges(topology, moved)
  if (changes.size === 0) return moved
  const nodes = Object.fromEntries(
    Object.entries<NodeSpec>(moved.nodes).map(([name, node]) => [
      name,
      node.kind === 'host' && node.profiles !== undefined ? rewritten(node, changes) : node,
    ]),
  )
  return deepFreeze({ ...moved, nodes })
}

/** Thumbprints of the authorities, in small hexadecimal digits: as they were, to what they are. */
function thumbprintChanges(before: Topology, now: Topology): ReadonlyMap<string, string> {
  const [old, fresh] = [compileTopology(before), compileTopology(now)]
  if (!old.ok || !fresh.ok) return new Map()
  const changes = new Map<string, string>()
  for (const key of Object.keys(before.authorities)) {
    const was = old.value.pki.authority(key)
    const is = fresh.value.pki.authority(key)
    if (was === undefined || is === undefined) continue
    const [from, to] = [thumbprint(was.certificate), thumbprint(is.certificate)]
    if (from !== to) changes.set(from, to)
  }
  return changes
}

function rewritten(node: HostSpec, changes: ReadonlyMap<string, string>): HostSpec {
  const profiles = Object.fromEntries(
    Object.entries(node.profiles ?? {}).map(([tunnel, file]) => [
      tunnel,
      { ...file, text: withThumbprints(file.text, changes) },
    ]),
  )
  return { ...node, profiles }
}

/** Twenty bytes in hexadecimal, together or with blanks between them, as profiles have them. */
const THUMBPRINT = /\b(?:[0-9a-f]{2}[ \t]?){19}[0-9a-f]{2}\b/gi

const withThumbprints = (text: string, changes: ReadonlyMap<string, string>): string =>
  text.replace(THUMBPRINT, (written) => {
    const now = changes.get(written.replaceAll(/[ \t]/g, '').toLowerCase())
    return now === undefined ? written : now.replaceAll(/(..)(?!$)/g, '$1 ')
  })
