/**
 * Whose address real peers speak with: what the operator said, else what lets a RADIUS client on this machine in at once.
 * Not the table of who has spoken: `live/peers.ts`.
 */
import {
  formatIpv4,
  formatPrefix,
  isIpv4,
  parseIpv4,
  parsePrefix,
  prefixContains,
  type Ipv4,
  type Prefix,
} from '../base/address.ts'
import { err, ok, type Result } from '../base/result.ts'
import type { DrivenLab } from '../lab/build.ts'
import { unknownName } from '../topology/values.ts'
import type { LiveProblem } from './problem.ts'

/** Real peers at `from` speak as `as`. */
export interface PeerSpec {
  /** `127.0.0.1`, or `127.0.0.0/8`. */
  readonly from: string
  /** A node: its address towards the node that is served. Or an address. */
  readonly as: string
}

/** A {@link PeerSpec} with its addresses. */
export interface Speaker {
  readonly from: Prefix
  readonly as: Ipv4
  /** Absent: it was given by address. */
  readonly node?: string
}

const LOOPBACK: Prefix = { address: parseIpv4('127.0.0.0')!, length: 8 }

/** The address that a node or a literal means, to the node `served`. */
export function simulatedAddress(
  driven: DrivenLab,
  text: string,
  served: string,
): Result<{ readonly address: Ipv4; readonly node?: string }, LiveProblem> {
  const literal = parseIpv4(text)
  if (literal !== undefined) return ok({ address: literal })
  const names = Object.keys(driven.lab.nodes)
  const unknown = unknownName('node', text, names)
  if (unknown !== undefined) return err({ code: 'unknown-node', message: unknown })
  const stack = driven.stack(text)
  const target = driven.stack(served).nics.find((nic) => nic.address !== undefined)?.address
  const address =
    (target === undefined ? undefined : stack.sourceFor(target)) ??
    stack.nics.find((nic) => nic.address !== undefined)?.address
  if (address === undefined)
    return err({ code: 'no-address', message: `${text} has no address on the lab's network` })
  return ok({ address, node: text })
}

/** In the order given; the default comes last. */
export function speakersFor(
  driven: DrivenLab,
  served: string,
  specs: readonly PeerSpec[],
): Result<readonly Speaker[], LiveProblem> {
  const speakers: Speaker[] = []
  for (const { from: text, as } of specs) {
    const from = parsePrefix(text.includes('/') ? text : `${text}/32`)
    if (!from.ok) return err({ code: 'bad-address', message: `peer ${from.error}` })
    const found = simulatedAddress(driven, as, served)
    if (!found.ok) return found
    const { address, node } = found.value
    speakers.push({ from: from.value, as: address, ...(node !== undefined && { node }) })
  }
  const client = firstRadiusClient(driven, served)
  if (client !== undefined) speakers.push({ from: LOOPBACK, ...client })
  return ok(speakers)
}

export const speaksAs =
  (speakers: readonly Speaker[]) =>
  (real: Ipv4): Ipv4 =>
    speakers.find(({ from }) => prefixContains(from, real))?.as ?? real

/** `127.0.0.0/8` or `127.0.0.1`. */
export const shownFrom = ({ from }: Speaker): string =>
  from.length === 32 && isIpv4(from.address) ? formatIpv4(from.address) : formatPrefix(from)

/** The first client that an NPS knows by its address, or the first address of its range. */
function firstRadiusClient(
  driven: DrivenLab,
  served: string,
): { readonly as: Ipv4; readonly node?: string } | undefined {
  const spec = driven.lab.topology.nodes[served]
  const services = spec === undefined || spec.kind === 'switch' ? [] : (spec.services ?? [])
  const clients = services.flatMap((each) => (each.service === 'nps' ? (each.clients ?? []) : []))
  const address = clients
    .filter(({ enabled }) => enabled !== false)
    .map((client) => addressIn(client.address))
    .find((each) => each !== undefined)
  if (address === undefined) return undefined
  const names = Object.keys(driven.lab.nodes)
  const node = names.find((name) => driven.stack(name).hasAddress(address))
  return { as: address, ...(node !== undefined && { node }) }
}

/** Undefined: a DNS name. */
function addressIn(text: string): Ipv4 | undefined {
  if (!text.includes('/')) return parseIpv4(text)
  const prefix = parsePrefix(text)
  if (!prefix.ok || !isIpv4(prefix.value.address)) return undefined
  const { address, length } = prefix.value
  // The network's own address is no host's, but where there are no others.
  return (length >= 31 ? address : address + 1) as Ipv4
}
