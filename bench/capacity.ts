/**
 * `npm run bench -- capacity [--clients N] [--crypto modelled]`: N clients dial Contoso's gateway within a minute of virtual time, with two NPS behind it and ports and
 * addresses enough: who connects, how long they wait, and what it costs this machine. Not what a real gateway bears: its service times have no source.
 */
import { minutes } from '../src/base/time.ts'
import { measureCapacity } from '../src/lab/capacity.ts'
import { withCrowd } from '../src/topology/edit-crowd.ts'
import { withVpnGateway } from '../src/topology/edit-gateway.ts'
import { edit, type Edit } from '../src/topology/edit.ts'
import type { FirewallSpec, HostSpec, Topology } from '../src/topology/topology.ts'
import { contoso } from '../topologies/contoso/topology.ts'
import { clock, round, type BenchOptions, type Report } from './measure.ts'

const NPS1 = '10.10.0.7'
const NPS2 = '10.10.0.9'

/** As nps1 in everything, with a certificate and an account of its own. */
const withSecondNps: Edit = edit('nps2 stands beside nps1', (topology: Topology) => {
  const { nps1, gateway, innerFirewall } = topology.nodes as {
    readonly nps1: HostSpec
    readonly gateway: HostSpec
    readonly innerFirewall: FirewallSpec
  }
  const { groups = {} } = topology.directory ?? {}
  const joined = Object.entries(groups).map(([name, members]) => [
    name,
    members.includes('nps1') ? [...members, 'nps2'] : members,
  ])
  return {
    ...topology,
    ...(topology.directory !== undefined && {
      directory: { ...topology.directory, groups: Object.fromEntries(joined) },
    }),
    nodes: {
      ...topology.nodes,
      nps2: {
        ...nps1,
        interfaces: nps1.interfaces.map((nic) => ({ ...nic, address: NPS2 })),
      },
      gateway: {
        ...gateway,
        services: (gateway.services ?? []).map((service) =>
          service.service === 'vpn-gateway'
            ? {
                ...service,
                radius: (service.radius ?? []).flatMap((server) => [
                  server,
                  { ...server, server: 'nps2' },
                ]),
              }
            : service,
        ),
      },
      innerFirewall: {
        ...innerFirewall,
        filter: {
          ...innerFirewall.filter,
          rules: innerFirewall.filter.rules.map((rule) =>
            rule.destination === NPS1 ? { ...rule, destination: [NPS1, NPS2] } : rule,
          ),
        },
      },
    },
  }
})

export async function benchCapacity({ clients, crypto }: BenchOptions): Promise<Report> {
  const crowd = withCrowd({
    like: 'laptop',
    clients,
    through: 'internet',
    dns: '198.51.100.68',
    group: 'VPN Users',
  })
  const enough = withVpnGateway('gateway', {
    pool: '172.20.0.0/15',
    ports: { ikev2: Math.max(128, clients) },
  })
  const topology = [withSecondNps, crowd, enough].reduce<Topology>(
    (before, change) => change.apply(before),
    contoso as Topology,
  )
  const [cpu, begin] = [process.cpuUsage(), clock()]
  const measured = await measureCapacity(topology, {
    clients,
    within: minutes(1),
    gateway: 'gateway',
    crypto,
  })
  const { user, system } = process.cpuUsage(cpu)
  if (!measured.ok) throw new Error(measured.error.map(({ message }) => message).join('; '))
  const { connected, waits, saturated, radius } = measured.value
  const [first] = saturated
  return {
    name: 'capacity',
    unit: 'seconds of CPU',
    ours: round((user + system) / 1e6),
    wall: round(clock() - begin),
    crypto,
    clients,
    connected,
    perClientMs: round((user + system) / 1e3 / clients),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    ...(waits !== undefined && {
      waits: `half ${waits.median / 1e3} ms, 99 % ${waits.of99 / 1e3} ms, all ${waits.longest / 1e3} ms`,
    }),
    radius: radius.map(({ server, answered }) => `${server} ${answered}`).join(', '),
    saturated: first === undefined ? 'nothing' : `${first.what} of ${first.node}`,
  }
}
