/**
 * What is asked for and taken in IPCP (RFC 1332, RFC 1877): a client asks for an address and for DNS and WINS servers, as Windows does, and a server has
 * them. No header compression.
 */
import type { Ipv4 } from '../../base/address.ts'
import { invariant } from '../../base/invariant.ts'
import type { PppOption } from '../../wire/ppp/control.ts'
import { PppProtocol } from '../../wire/ppp/frame.ts'
import { describeIpcpOption, IpcpOption, u32Of, u32Option } from '../../wire/ppp/options.ts'
import type { PppEnd, PppLease, PppTunnel } from './contract.ts'
import type { Policy } from './control-protocol.ts'
import { say, type Run } from './state.ts'

type Negotiation = Pick<
  Policy,
  'protocol' | 'control' | 'describe' | 'request' | 'judge' | 'accept' | 'refused'
>

/** In the order in which Windows asks. */
const ASKED = [
  IpcpOption.ipAddress,
  IpcpOption.primaryDns,
  IpcpOption.primaryNbns,
  IpcpOption.secondaryDns,
  IpcpOption.secondaryNbns,
]

/** Ask from the beginning. */
export function resetIpcp({ state, options }: Run): void {
  state.asks.clear()
  if (options.role === 'client') for (const type of ASKED) state.asks.set(type, 0)
  else state.asks.set(IpcpOption.ipAddress, leaseOf(state.lease).server)
}

function leaseOf(lease: PppLease | undefined): PppLease {
  invariant(lease !== undefined, 'IPCP of a server without a lease')
  return lease
}

export const ipcpNegotiation = (run: Run): Negotiation => ({
  protocol: PppProtocol.IPCP,
  control: run.state.ipcp,
  describe: describeIpcpOption,
  request: () => [...run.state.asks].map(([type, value]) => u32Option(type, value)),
  judge: (option) =>
    run.options.role === 'client' ? judgeAsClient(option) : judgeAsServer(run, option),
  accept: (options) => accept(run, options),
  refused: (by, options) => refused(run, by, options),
})

/** The server says who it is, and asks for nothing. */
const judgeAsClient = (option: PppOption): 'taken' | 'unknown' =>
  option.type === IpcpOption.ipAddress && (u32Of(option) ?? 0) !== 0 ? 'taken' : 'unknown'

function judgeAsServer({ state }: Run, option: PppOption): 'taken' | 'unknown' | PppOption {
  const value = given(leaseOf(state.lease), option.type)
  if (value === undefined) return 'unknown'
  return u32Of(option) === value ? 'taken' : u32Option(option.type, value)
}

function given({ address, dns, wins = [] }: PppLease, type: number): Ipv4 | undefined {
  switch (type) {
    case IpcpOption.ipAddress:
      return address
    case IpcpOption.primaryDns:
      return dns[0]
    case IpcpOption.secondaryDns:
      return dns[1]
    case IpcpOption.primaryNbns:
      return wins[0]
    case IpcpOption.secondaryNbns:
      return wins[1]
    default:
      return undefined
  }
}

function accept({ state }: Run, options: readonly PppOption[]): void {
  const address = options.find(({ type }) => type === IpcpOption.ipAddress)
  state.peerAddress = ((address && u32Of(address)) ?? 0) as Ipv4
}

function refused(
  run: Run,
  by: 'nak' | 'reject',
  options: readonly PppOption[],
): PppEnd | undefined {
  const { asks } = run.state
  const isClient = run.options.role === 'client'
  for (const option of options) {
    if (!asks.has(option.type)) continue
    const value = by === 'nak' ? u32Of(option) : undefined
    if (isClient && option.type === IpcpOption.ipAddress && (value ?? 0) === 0) {
      say(run, { kind: 'ppp/no-address', by: 'peer' })
      return 'no-address'
    }
    if (value === undefined) asks.delete(option.type)
    // A server is told by nobody what it is called.
    else if (isClient) asks.set(option.type, value)
  }
  return undefined
}

/** What was agreed; undefined: the server said yes to no address. */
export function tunnelOf({ state, options }: Run): PppTunnel | undefined {
  const mtu = Math.min(state.peerMru, options.carries ?? state.peerMru)
  if (options.role === 'server') {
    const { address, server, dns, wins = [] } = leaseOf(state.lease)
    return { own: server, peer: address, dns: dns.slice(0, 2), wins: wins.slice(0, 2), mtu }
  }
  const asked = (...types: readonly number[]): readonly Ipv4[] =>
    types.map((type) => (state.asks.get(type) ?? 0) as Ipv4).filter((value) => value !== 0)
  const [own] = asked(IpcpOption.ipAddress)
  return own === undefined
    ? undefined
    : {
        own,
        peer: state.peerAddress,
        dns: asked(IpcpOption.primaryDns, IpcpOption.secondaryDns),
        wins: asked(IpcpOption.primaryNbns, IpcpOption.secondaryNbns),
        mtu,
      }
}
