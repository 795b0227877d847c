/** Strangers who knock at a gateway and never come back: its ports are for those who do. */
import { describe, expect, test } from 'vitest'
import { ipv4 } from '../../src/base/address.ts'
import { seconds } from '../../src/base/time.ts'
import { buildDrivenLab, type DrivenLab } from '../../src/lab/build.ts'
import { decodeIke, IKE_HEADER_BYTES } from '../../src/wire/ikev2/header.ts'
import { NotifyType } from '../../src/wire/ikev2/notify-types.ts'
import { decodePayloads } from '../../src/wire/ikev2/payload-chain.ts'
import type { IkePayload } from '../../src/wire/ikev2/payloads.ts'
import { contoso } from '../../topologies/contoso/topology.ts'
import { valueOf } from '../wire/results.ts'

const GATEWAY = ipv4('203.0.113.10')
const IKE = 500
/** More than the 128 ports of a gateway. */
const STRANGERS = 400

/** Everybody has a lease. */
async function contosoLab(): Promise<DrivenLab> {
  const built = buildDrivenLab(contoso)
  if (!built.ok) throw new Error(built.error.map(({ message }) => message).join('; '))
  await built.value.lab.advance(seconds(30))
  return built.value
}

/** What the laptop says first of all, in a lab of its own. */
async function firstRequest(): Promise<Uint8Array> {
  const driven = await contosoLab()
  let first: Uint8Array | undefined
  driven.stack('laptop').udp.divert = (_, to, bytes) => {
    if (to.port === IKE) first ??= bytes.slice()
    return undefined
  }
  await driven.lab.nodes['laptop']!.connect()
  if (first === undefined) throw new Error('the laptop said nothing')
  return first
}

/** Each with an SPI of its own, from a laptop at a telephone; the answers, as payloads. */
async function knock(
  driven: DrivenLab,
  request: Uint8Array,
): Promise<readonly (readonly IkePayload[])[]> {
  const answers: (readonly IkePayload[])[] = []
  const opened = driven.stack('mobileLaptop').udp.open({
    onDatagram: ({ bytes }) => {
      const message = valueOf(decodeIke(bytes))
      answers.push(valueOf(decodePayloads(message.nextPayload, message.payloads)))
    },
  })
  if (!opened.ok) throw new Error(`no port: ${opened.error}`)
  // Whoever is on the way learns his neighbours: a burst would overflow what waits for that.
  const to = { address: GATEWAY, port: IKE }
  opened.value.send(to, new Uint8Array(1))
  await driven.lab.advance(seconds(1))
  for (let stranger = 0; stranger < STRANGERS; stranger++) {
    const bytes = request.slice()
    bytes.set([stranger >>> 8, stranger], 0)
    opened.value.send(to, bytes)
  }
  await driven.lab.advance(seconds(2))
  opened.value.close()
  return answers
}

const isCookie = ([first]: readonly IkePayload[]): boolean =>
  first?.kind === 'notify' && first.type === NotifyType.COOKIE

describe('four hundred strangers in a moment', () => {
  test('whose offer is good: some are half open, all others are asked for a cookie, and who is honest gets in', async () => {
    const driven = await contosoLab()
    const answers = await knock(driven, await firstRequest())
    expect(answers.length).toBe(STRANGERS)
    const demanded = answers.filter(isCookie).length
    expect(demanded).toBe(STRANGERS - 20)
    // They wait for IKE_AUTH still when the laptop dials.
    expect(await driven.lab.nodes['laptop']!.connect()).toMatchObject({ outcome: 'connected' })
  })

  test('second after second: no more than half of the ports', async () => {
    const driven = await contosoLab()
    const request = await firstRequest()
    let letIn = 0
    for (let turn = 0; turn < 8; turn++) {
      const answers = await knock(driven, request)
      letIn += answers.filter((answer) => !isCookie(answer)).length
      // Others, in the next turn.
      request[7] = turn
    }
    expect(letIn).toBe(64)
    expect(await driven.lab.nodes['laptop']!.connect()).toMatchObject({ outcome: 'connected' })
  })

  test('whose group is refused at once: few are answered so, and all others asked for a cookie', async () => {
    const driven = await contosoLab()
    const request = await firstRequest()
    // The group in KE, behind the offer: 31 is nobody's here.
    const ke =
      IKE_HEADER_BYTES + request[IKE_HEADER_BYTES + 2]! * 256 + request[IKE_HEADER_BYTES + 3]!
    request.set([0, 31], ke + 4)
    const answers = await knock(driven, request)
    const refused = answers.filter(([first]) => first?.kind === 'notify' && !isCookie([first]))
    expect(refused.length).toBe(20)
    expect(answers.filter(isCookie).length).toBe(STRANGERS - 20)
    expect(await driven.lab.nodes['laptop']!.connect()).toMatchObject({ outcome: 'connected' })
  })
})
