/** Pings in a tunnel: answered for every host behind the gateway, and sent by a client. No host: ICMP echo alone (RFC 792). */
import { ipv4, type Ipv4 } from '../../../../src/base/address.ts'
import { decodeIcmp, echoRest, encodeIcmp, ICMP_TYPE } from '../../../../src/wire/icmp.ts'
import { decodeIpv4, encodeIpv4, PROTOCOL } from '../../../../src/wire/ipv4.ts'
import type { EngineSession } from './session.ts'

const PLAIN = {
  dscpEcn: 0,
  identification: 0,
  dontFragment: false,
  moreFragments: false,
  fragmentOffset: 0,
  ttl: 64,
  options: new Uint8Array(),
  protocol: PROTOCOL.icmp,
} as const
const PAYLOAD_BYTES = 56
const BETWEEN_MS = 20
const PATIENCE_MS = 3000

/** The answer to a ping; undefined: it is none. */
export function answerOf(packet: Uint8Array): Uint8Array | undefined {
  const outer = decodeIpv4(packet)
  if (!outer.ok || outer.value.protocol !== PROTOCOL.icmp) return undefined
  const { source, destination, payload } = outer.value
  const icmp = decodeIcmp(payload)
  if (!icmp.ok || icmp.value.type !== ICMP_TYPE.echo) return undefined
  return encodeIpv4({
    ...PLAIN,
    source: destination,
    destination: source,
    payload: encodeIcmp({ ...icmp.value, type: ICMP_TYPE.echoReply }),
  })
}

const echo = (source: Ipv4, destination: Ipv4, sequence: number): Uint8Array =>
  encodeIpv4({
    ...PLAIN,
    source,
    destination,
    payload: encodeIcmp({
      type: ICMP_TYPE.echo,
      code: 0,
      rest: echoRest(1, sequence),
      payload: new Uint8Array(PAYLOAD_BYTES),
    }),
  })

/** How many of `count` pings came back. */
export async function ping(
  session: EngineSession,
  from: string,
  to: string,
  count: number,
): Promise<number> {
  const answered = new Set<number>()
  session.onInner = (packet) => {
    const outer = decodeIpv4(packet)
    const icmp = outer.ok ? decodeIcmp(outer.value.payload) : undefined
    if (icmp?.ok === true && icmp.value.type === ICMP_TYPE.echoReply) answered.add(icmp.value.rest)
  }
  for (let sequence = 1; sequence <= count; sequence++) {
    session.sendInner(echo(ipv4(from), ipv4(to), sequence))
    await sleep(BETWEEN_MS)
  }
  const end = performance.now() + PATIENCE_MS
  while (answered.size < count && performance.now() < end) await sleep(5)
  return answered.size
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
