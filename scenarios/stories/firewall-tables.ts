/**
 * The firewall tables of the deployment guide, row by row, as the NAT variant of the tutorial wants them: what each row opens,
 * and beside it what stays shut. A row that this variant leaves closed is tested to be closed.
 */
import { minutes, seconds, story, withNode, type Story } from 'sallyport'
import { contoso } from '../../topologies/contoso/topology.ts'

type Node = keyof typeof contoso.nodes
type Traffic =
  | { readonly udp: number }
  | { readonly tcp: number }
  | { readonly icmp: true }
  | { readonly esp: true }

/** One way through a firewall that must be open or shut. */
type Case = Traffic & {
  readonly from: Node
  readonly to: string
  /** Absent: it must arrive at `to`'s node. Present: the firewall and the rule that must stop it. */
  readonly stoppedBy?: readonly [node: Node, rule: string]
  readonly arrivesAt?: Node
}

interface Row {
  readonly id: string
  readonly what: string
  readonly teaches: string
  /** The laptop is connected: what it sends inside goes through its tunnel. */
  readonly tunnel?: true
  readonly cases: readonly Case[]
}

const PUBLIC = '203.0.113.10'
/** What the first client of the pool is given: the gateway keeps the first address for itself. */
const FIRST_CLIENT = '172.16.20.130'
const edgeItself = ['edgeFirewall', 'edge-itself-deny'] as const
const innerShut = ['innerFirewall', 'inner-default-deny'] as const

const edge: readonly Row[] = [
  {
    id: 'FW-E-01',
    what: 'UDP 500 is forwarded to the gateway',
    teaches: 'IKE begins on UDP 500.',
    cases: [
      { from: 'laptop', to: PUBLIC, udp: 500, arrivesAt: 'gateway' },
      { from: 'laptop', to: PUBLIC, udp: 501, stoppedBy: edgeItself },
      { from: 'laptop', to: PUBLIC, tcp: 500, stoppedBy: edgeItself },
    ],
  },
  {
    id: 'FW-E-02',
    what: 'UDP 4500 is forwarded to the same gateway',
    teaches: 'Behind any translation IKE moves to UDP 4500 and carries ESP there.',
    cases: [
      { from: 'laptop', to: PUBLIC, udp: 4500, arrivesAt: 'gateway' },
      { from: 'laptop', to: PUBLIC, udp: 4501, stoppedBy: edgeItself },
    ],
  },
  {
    id: 'FW-E-03',
    what: 'ESP itself stays out where the edge translates',
    teaches:
      'Protocol 50 has no ports to translate; with NAT at the edge it always travels in UDP 4500.',
    cases: [{ from: 'laptop', to: PUBLIC, esp: true, stoppedBy: edgeItself }],
  },
  {
    id: 'FW-E-04',
    what: 'SSTP stays shut until somebody wants it',
    teaches: 'TCP 443 belongs to variant V3; the tutorial does not open it.',
    cases: [{ from: 'hotelLaptop', to: PUBLIC, tcp: 443, stoppedBy: edgeItself }],
  },
  {
    id: 'FW-E-05',
    what: 'L2TP is not opened at the edge',
    teaches: 'UDP 1701 travels inside IPsec, never beside it.',
    cases: [{ from: 'laptop', to: PUBLIC, udp: 1701, stoppedBy: edgeItself }],
  },
  {
    id: 'FW-E-06',
    what: 'PPTP stays shut',
    teaches: 'TCP 1723 is for a protocol nobody should use.',
    cases: [{ from: 'laptop', to: PUBLIC, tcp: 1723, stoppedBy: edgeItself }],
  },
  {
    id: 'FW-E-07',
    what: 'Revocation lists are published, and only they',
    teaches: 'Whoever must read the private revocation list from outside needs TCP 80 to its host.',
    cases: [
      { from: 'laptop', to: '203.0.113.11', tcp: 80, arrivesAt: 'ca1' },
      { from: 'laptop', to: '203.0.113.11', tcp: 135, stoppedBy: edgeItself },
    ],
  },
  {
    id: 'FW-E-08',
    what: 'The gateway does not answer pings from the Internet',
    teaches: 'Echo is opened while looking for trouble, and closed again after.',
    cases: [{ from: 'internet', to: PUBLIC, icmp: true, stoppedBy: edgeItself }],
  },
  {
    id: 'FW-E-09',
    what: 'The gateway may call out, and its answers return',
    teaches: 'Stateful firewalls let replies through; nobody calls the gateway unasked.',
    cases: [
      { from: 'gateway', to: '198.51.100.68', udp: 53, arrivesAt: 'ispDns' },
      { from: 'internet', to: PUBLIC, tcp: 3389, stoppedBy: edgeItself },
    ],
  },
]

const inner: readonly Row[] = [
  {
    id: 'FW-I-01',
    what: 'RADIUS authentication goes from the gateway to NPS',
    teaches:
      'UDP 1812 from the inner address of the gateway, and from nobody else in the perimeter.',
    tunnel: true,
    cases: [
      { from: 'gateway', to: 'nps1', udp: 1812, arrivesAt: 'nps1' },
      { from: 'laptop', to: 'nps1', udp: 1812, stoppedBy: innerShut },
      { from: 'gateway', to: 'dc1', udp: 1812, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-02',
    what: 'RADIUS accounting goes the same way',
    teaches: 'UDP 1813 only matters where the gateway accounts to NPS.',
    tunnel: true,
    cases: [
      { from: 'gateway', to: 'nps1', udp: 1813, arrivesAt: 'nps1' },
      { from: 'laptop', to: 'nps1', udp: 1813, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-03',
    what: 'The old authentication port stays shut',
    teaches: 'UDP 1645 is for access servers older than this gateway.',
    cases: [{ from: 'gateway', to: 'nps1', udp: 1645, stoppedBy: innerShut }],
  },
  {
    id: 'FW-I-04',
    what: 'The old accounting port stays shut',
    teaches: 'UDP 1646 likewise.',
    cases: [{ from: 'gateway', to: 'nps1', udp: 1646, stoppedBy: innerShut }],
  },
  {
    id: 'FW-I-05',
    what: 'Answers of NPS return, but NPS cannot call the gateway',
    teaches: 'A stateful firewall needs no rule for replies.',
    cases: [{ from: 'nps1', to: '172.16.20.10', udp: 1812, stoppedBy: innerShut }],
  },
  {
    id: 'FW-I-06',
    what: 'The gateway and the clients may ask dc1 for names',
    teaches: 'Port 53, UDP and TCP, from the inner address and from the pool.',
    tunnel: true,
    cases: [
      { from: 'gateway', to: 'dc1', udp: 53, arrivesAt: 'dc1' },
      { from: 'gateway', to: 'dc1', tcp: 53, arrivesAt: 'dc1' },
      { from: 'laptop', to: 'dc1', udp: 53, arrivesAt: 'dc1' },
      { from: 'gateway', to: 'ca1', udp: 53, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-07',
    what: 'A gateway that is a domain member reaches its controller',
    teaches: 'Kerberos, LDAP, SMB, RPC, the global catalogue, and the time.',
    cases: [
      ...[88, 135, 389, 445, 3268].map((tcp) => ({
        from: 'gateway' as const,
        to: 'dc1',
        tcp,
        arrivesAt: 'dc1' as const,
      })),
      ...[88, 123, 389].map((udp) => ({
        from: 'gateway' as const,
        to: 'dc1',
        udp,
        arrivesAt: 'dc1' as const,
      })),
      { from: 'gateway', to: 'dc1', tcp: 3389, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-08',
    what: 'The gateway can read the revocation list',
    teaches: 'TCP 80 to the host of the list, for a gateway that checks device certificates.',
    cases: [
      { from: 'gateway', to: 'ca1', tcp: 80, arrivesAt: 'ca1' },
      { from: 'gateway', to: 'intranet', tcp: 80, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-09',
    what: 'The gateway can enrol its certificate',
    teaches: 'RPC to the certification authority.',
    cases: [
      { from: 'gateway', to: 'ca1', tcp: 135, arrivesAt: 'ca1' },
      { from: 'gateway', to: 'files', tcp: 135, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-10',
    what: 'Clients of the pool reach what they work with',
    teaches: 'Without this row the tunnel is up and nothing works.',
    tunnel: true,
    cases: [
      { from: 'laptop', to: 'files', tcp: 445, arrivesAt: 'files' },
      { from: 'laptop', to: 'intranet', tcp: 80, arrivesAt: 'intranet' },
      { from: 'laptop', to: 'intranet', tcp: 443, arrivesAt: 'intranet' },
      { from: 'laptop', to: 'files', tcp: 22, stoppedBy: innerShut },
    ],
  },
  {
    id: 'FW-I-11',
    what: 'Only the management host may call clients',
    teaches:
      "Manage-out goes from chosen hosts to the pool; the client's own firewall decides in the end.",
    tunnel: true,
    cases: [
      {
        from: 'dc1',
        to: FIRST_CLIENT,
        tcp: 3389,
        stoppedBy: ['laptop', 'windows-inbound-default'],
      },
      { from: 'files', to: FIRST_CLIENT, tcp: 3389, stoppedBy: innerShut },
    ],
  },
]

const rowStory = (row: Row): Story =>
  story({
    title: `${row.id}: ${row.what}`,
    teaches: row.teaches,
    topology: contoso,
    tags: ['firewall-table'],
    run: async ({ lab, expect }) => {
      if (row.tunnel) expect(await lab.nodes.laptop.connect()).toBeConnected()
      for (const { stoppedBy, arrivesAt, ...query } of row.cases) {
        const probe = await lab.probe(query)
        if (stoppedBy !== undefined) {
          expect(probe).toBeDropped({ at: stoppedBy[0], rule: stoppedBy[1] })
        } else {
          expect(probe).toBeAnswered({ at: arrivesAt! })
        }
      }
    },
  })

/** The three rows of the edge table that are about how packets are treated, not about which ports are open. */
const treatment: readonly Story[] = [
  story({
    title: 'FW-E-10: the edge hands IKE on byte for byte',
    teaches:
      'A firewall that inspects deeper rewrites what it does not understand; this one must not.',
    topology: contoso,
    tags: ['firewall-table'],
    run: async ({ lab, expect }) => {
      const probe = await lab.probe({ from: 'laptop', to: PUBLIC, udp: 500 })
      expect(probe).toBeAnswered({ at: 'gateway' })
      expect(lab.payloads(probe)).toHaveLength(1)
    },
  }),
  story({
    title:
      'FW-E-11: fragments of a large IKE message pass, unless a network on the way throws them away',
    teaches:
      'IKE_AUTH with certificates is larger than a packet; where fragments die, so does the connection.',
    topology: contoso,
    tags: ['firewall-table'],
    run: async ({ lab, expect }) => {
      const whole = await lab.probe({ from: 'laptop', to: PUBLIC, udp: 4500, size: 3000 })
      expect(whole).toBeAnswered({ at: 'gateway' })
      using _ = lab.apply(
        withNode('homeRouter', 'throws fragments away', (node) =>
          node.kind === 'nat-router'
            ? { ...node, nat: { ...node.nat, dropsFragments: true } }
            : node,
        ),
      )
      const lost = await lab.probe({ from: 'laptop', to: PUBLIC, udp: 4500, size: 3000 })
      expect(lost).toBeDropped({ at: 'homeRouter' })
      expect(await lab.probe({ from: 'laptop', to: PUBLIC, udp: 4500 })).toBeAnswered()
    },
  }),
  story({
    title: 'FW-E-12: an idle flow outlives two lost keepalives, and not ten minutes of silence',
    teaches: 'NAT keepalives come every 20 seconds; sessions should live two minutes at least.',
    topology: contoso,
    tags: ['firewall-table'],
    run: async ({ lab, expect }) => {
      expect(await lab.probe({ from: 'laptop', to: PUBLIC, udp: 4500 })).toBeAnswered()
      const open = () => lab.sessions('edgeFirewall').filter((s) => s.to.endsWith(':4500'))
      await lab.advance(seconds(60))
      expect(open()).toHaveLength(1)
      await lab.advance(minutes(10))
      expect(open()).toHaveLength(0)
    },
  }),
]

export const firewallTables: readonly Story[] = [
  ...edge.map(rowStory),
  ...treatment,
  ...inner.map(rowStory),
]
