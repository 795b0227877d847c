/** What is changed in Contoso before the client signs in, and which packets it sends through its tunnel. The twin and the replica are told the same. */
import type { Rng } from '../../../src/base/rng.ts'
import { withUser } from '../../../src/topology/edit-directory.ts'
import { withRadiusSecret } from '../../../src/topology/edit-nps.ts'
import {
  withoutNatRule,
  withoutRecord,
  withoutRule,
  type Edit,
} from '../../../src/topology/edit.ts'

export interface ReplicaCase {
  readonly name: string
  /** Absent: as Contoso stands. */
  readonly edit?: Edit
}

export const CASES: readonly ReplicaCase[] = [
  { name: 'as deployed' },
  {
    name: 'the edge lets no NAT-T in (FW-E-02)',
    edit: withoutRule('edgeFirewall', 'nat-t-to-gateway'),
  },
  { name: 'the edge forwards no IKE', edit: withoutNatRule('edgeFirewall', 'publish-ike') },
  {
    name: 'the inner firewall lets no RADIUS in (FW-I-01)',
    edit: withoutRule('innerFirewall', 'radius-authentication'),
  },
  { name: 'NPS is told to deny ada', edit: withUser('ada', { dialIn: 'deny' }) },
  { name: 'gateway and NPS share no secret', edit: withRadiusSecret('gateway', 'another-secret') },
  { name: 'the gateway has no name', edit: withoutRecord('contosoPublic', 'vpn', 'A') },
  {
    name: 'clients reach no server inside (FW-I-10)',
    edit: withoutRule('innerFirewall', 'clients-to-corp'),
  },
  {
    name: 'clients reach no DNS inside (FW-I-06)',
    edit: withoutRule('innerFirewall', 'dns-to-dc1'),
  },
]

/** A packet of the client, through its tunnel. */
export interface Knock {
  readonly protocol: 'tcp' | 'udp'
  readonly to: string
  readonly port: number
}

const HOSTS = ['10.10.0.6', '10.10.0.7', '10.10.0.8', '10.10.0.20'] as const
const PORTS = {
  tcp: [22, 53, 80, 88, 135, 389, 443, 445, 1812, 3389, 5985, 8080],
  udp: [53, 88, 123, 389, 500, 1812, 1813, 4500],
} as const

/** Ports that rules name, and others beside them. */
export function drawKnocks(rng: Rng, count: number): readonly Knock[] {
  const pick = <T>(all: readonly T[]): T => all[rng.below(all.length)]!
  const drawn = Array.from({ length: count }, (): Knock => {
    const protocol = pick(['tcp', 'tcp', 'udp'] as const)
    return { protocol, to: pick(HOSTS), port: pick(PORTS[protocol]) }
  })
  const key = ({ protocol, to, port }: Knock): string => `${protocol} ${to} ${port}`
  return [...new Map(drawn.map((each) => [key(each), each])).values()]
}
