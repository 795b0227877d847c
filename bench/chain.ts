/**
 * The network that forwarding is measured on: nodes in a row, one UDP flow from the first to the last.
 * The same shape and numbers as the ns-3 program it is compared with: 10 Gbit/s, 1 ms a link, a packet every 10 µs.
 */
import { ipv4, type Ipv4 } from '../src/base/address.ts'
import { instant, microseconds, ms, seconds } from '../src/base/time.ts'
import { createFilter } from '../src/net/filter/filter.ts'
import { Segment } from '../src/net/segment.ts'
import { Stack } from '../src/net/stack.ts'
import { Trace } from '../src/net/trace.ts'
import { World } from '../src/net/world.ts'
import { allow, allowEstablished, deny } from '../src/topology/firewall.ts'

const PAYLOAD_BYTES = 512
const PORT = 9
/** Chains grow longer than the usual TTL of 64 reaches. */
const FAR = { ttl: 255 }
const SPACING = microseconds(10)
const START = instant('2026-03-02T08:00:00Z')

export interface ChainRun {
  /** Forwardings by routers: (nodes − 2) for each packet that arrived. */
  readonly hops: number
  readonly received: number
  readonly seconds: number
  readonly perSecond: number
}

export interface ChainOptions {
  readonly nodes: number
  readonly packets: number
  /** Rules of a stateful firewall at each router; 0: no firewall. */
  readonly rules: number
}

const addressOn = (link: number, side: 1 | 2): Ipv4 =>
  ipv4(`10.${1 + (link >> 8)}.${link & 255}.${side}`)

/** Nodes 0 … n − 1 with links 0 … n − 2 between them; every node has a route to every link. */
function buildChain(world: World, trace: Trace, options: ChainOptions): Stack[] {
  const { nodes } = options
  const links = Array.from(
    { length: nodes - 1 },
    (_, i) => new Segment(world, trace, { name: `link${i}`, latency: ms(1), bandwidth: 10e9 }),
  )
  return Array.from({ length: nodes }, (_, i) => {
    const isRouter = i > 0 && i < nodes - 1
    const stack = new Stack(world, trace, { name: `node${i}`, forwards: isRouter })
    if (i > 0) stack.addNic(links[i - 1]!, { address: addressOn(i - 1, 2), prefixLength: 24 })
    if (i < nodes - 1) stack.addNic(links[i]!, { address: addressOn(i, 1), prefixLength: 24 })
    stack.setRoutes(
      links.flatMap((_, link) => {
        if (link === i || link === i - 1) return []
        const via = link > i ? addressOn(i, 2) : addressOn(i - 1, 1)
        const address = ipv4(`10.${1 + (link >> 8)}.${link & 255}.0`)
        return [{ to: { address, length: 24 }, via }]
      }),
    )
    if (isRouter && options.rules > 0) guard(stack, world, options.rules)
    return stack
  })
}

/**
 * A stateful firewall of `rules` rules, of which the last lets the flow pass. The flow is one-way and so stays new: every packet is
 * tracked and counted, and the first of the flow is tried against all rules.
 */
function guard(stack: Stack, world: World, rules: number): void {
  const denied = Array.from({ length: Math.max(0, rules - 2) }, (_, i) =>
    deny(`deny-${i}`, { source: `172.16.${i >> 8}.${i & 255}`, udp: [1000 + (i % 50_000)] }),
  )
  stack.hooks = createFilter(
    { rules: [allowEstablished(), ...denied, allow('discard', { udp: [PORT] })] },
    {
      clock: () => world.now,
      rng: stack.rng.fork('filter'),
      addressOf: (network) => stack.addressOf(network),
      defaultHook: 'forward',
    },
  )
}

/** Send `packets` and time the run, from the first event to the last arrival. `clock` shows seconds. */
export function runChain(options: ChainOptions, clock: () => number): ChainRun {
  const world = new World({ seed: '1', start: START })
  const trace = new Trace(() => world.now, 'drops')
  const stacks = buildChain(world, trace, options)
  let received = 0
  stacks.at(-1)!.udp.open({ onDatagram: () => void received++ }, { port: PORT })
  const opened = stacks[0]!.udp.open({ onDatagram: () => undefined })
  if (!opened.ok) throw new Error('no port')
  const to = { address: addressOn(options.nodes - 2, 2), port: PORT }
  const payload = new Uint8Array(PAYLOAD_BYTES)
  let sent = 0
  const send = (): void => {
    opened.value.send(to, payload, FAR)
    if (++sent < options.packets) world.schedule(SPACING, send, undefined)
  }
  // One packet ahead finds the neighbours, so that the flow does not begin in their queues.
  opened.value.send(to, payload, FAR)
  world.schedule(seconds(1), send, undefined)
  const begin = clock()
  world.runUntil((START + seconds(1000)) as typeof START)
  const elapsed = clock() - begin
  const hops = received * (options.nodes - 2)
  return { hops, received, seconds: elapsed, perSecond: hops / elapsed }
}
