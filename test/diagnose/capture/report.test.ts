/** What is read from captures: those of real daemons, and message by message what each turn of a handshake leads to. Hostile files are answered, too. */
import { existsSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { diagnoseCapture } from '../../../src/diagnose/capture/report.ts'
import { renderCapture } from '../../../src/diagnose/capture/render.ts'
import { NotifyType } from '../../../src/wire/ikev2/notify-types.ts'
import { IkePayloadType } from '../../../src/wire/ikev2/numbers.ts'
import { capturePath } from '../../wire/captures.ts'
import { valueOf } from '../../wire/results.ts'
import { dialled, read, seenAt } from './read-lab.ts'
import {
  auth,
  captureOfSent,
  groupWanted,
  informational,
  notify,
  offer,
  saInit,
  sealed,
  type Sent,
} from './messages.ts'

const DATA = capturePath('ikev2/windows-client-2015.pcap')
const required = process.env['SALLYPORT_JUDGES'] === 'required'
const isMissing = !existsSync(DATA) && !required
if (isMissing) console.log('captures of real daemons are not read: the test data is missing')

describe.skipIf(isMissing)('captures of real daemons', () => {
  const ofReal = (name: string) => read(readFileSync(capturePath(`ikev2/${name}`)))

  test('a Windows client of 2015 loses fragments of IKE_AUTH', () => {
    const { dials, notes } = ofReal('windows-client-2015.pcap')
    expect(notes).toEqual([])
    expect(dials).toMatchObject([
      {
        client: '192.168.0.10:500',
        gateway: '144.76.154.114:500',
        outcome: 'failed',
        phase: 'P3',
        cause: 'fragments-lost',
        windows: [{ code: '809', symbol: 'ERROR_VPN_TIMEOUT' }],
      },
    ])
    const [dial] = dials
    expect(dial?.facts).toContain('captured at the client, 10 hops behind the gateway')
    expect(dial?.facts).toContain('behind a NAT: the client')
    expect(dial?.evidence.slice(0, 2)).toEqual([
      {
        text: 'IKE_AUTH #1: sent 3 times, again after 1 s, 2 s, and nothing came back',
        frames: [3, 4, 5, 6, 7, 8, 9, 10, 11],
      },
      {
        text: 'IKE_AUTH #1 is 3468 octets in IP fragments, at offsets 0, 1440, 2880',
        frames: [3, 4, 5],
      },
    ])
    expect(dial?.evidence.map(({ text }) => text).join('\n')).toContain(
      'IKE fragmentation (RFC 7383) was not agreed on: neither side announces it',
    )
    expect(dial?.fix[0]).toContain('EnableServerFragmentation=1')
    // All of them left the client: from there nobody can tell lost fragments from a closed port.
    expect(dial?.certainty).toBe('likely')
  })

  test('a handshake with a cookie, four children and new keys goes through', () => {
    const { dials } = ofReal('tcpdump-ikev2four.pcap')
    expect(dials).toMatchObject([{ outcome: 'connected', phase: 'P6' }])
    expect(dials[0]?.course.slice(0, 4).map(({ text }) => text.split(', ')[0])).toEqual([
      'IKE_SA_INIT request',
      'IKE_SA_INIT response',
      'IKE_SA_INIT request',
      'IKE_SA_INIT response',
    ])
  })

  test('ESP without a handshake is told, and that nothing comes back', () => {
    expect(ofReal('tcpdump-espudp1.pcap')).toMatchObject({
      dials: [],
      notes: [
        'ESP of a tunnel that stood before: 8 packets from 192.1.2.23 to 192.1.2.45, and none back',
      ],
    })
  })
})

const asks = (at: number, more: readonly Sent['payloads'][number][] = []): Sent => ({
  at,
  by: 'client',
  exchange: saInit,
  payloads: [...more, ...offer],
})
const answers = (at: number, payloads: Sent['payloads'] = offer): Sent => ({
  at,
  by: 'gateway',
  exchange: saInit,
  payloads,
})
const turn = (by: Sent['by'], at: number, id: number, first: number, octets: number): Sent => ({
  at,
  by,
  exchange: auth,
  id,
  payloads: sealed(first, octets),
})
const begun = [asks(0), answers(0.1)]
const { IDi, IDr, EAP, AUTH, N } = IkePayloadType
const proof = [turn('client', 0.2, 1, IDi, 400), turn('gateway', 0.3, 1, IDr, 1200)]

describe('turn by turn', () => {
  test.for<[title: string, sent: readonly Sent[], expected: object]>([
    [
      'one question and the end of the file',
      [asks(0)],
      { outcome: 'failed', cause: 'sa-init-unanswered' },
    ],
    [
      'a question that is repeated',
      [asks(0), asks(1), asks(3)],
      { outcome: 'failed', cause: 'sa-init-unanswered', phase: 'P2' },
    ],
    [
      'NO_PROPOSAL_CHOSEN',
      [asks(0), answers(0.1, [notify(NotifyType.NO_PROPOSAL_CHOSEN)])],
      { cause: 'ike-proposal-mismatch', certainty: 'certain' },
    ],
    [
      'another group, for which nobody comes back',
      [asks(0), answers(0.1, [notify(NotifyType.INVALID_KE_PAYLOAD, groupWanted(19))])],
      { cause: 'group-refused' },
    ],
    [
      'cookies without an end',
      [
        asks(0),
        answers(0.1, [notify(NotifyType.COOKIE, new Uint8Array(8))]),
        asks(0.2, [notify(NotifyType.COOKIE, new Uint8Array(8))]),
        answers(0.3, [notify(NotifyType.COOKIE, new Uint8Array(8).fill(1))]),
      ],
      { cause: 'cookie-not-returned' },
    ],
    [
      'a refusal of another kind',
      [asks(0), answers(0.1, [notify(NotifyType.INVALID_SYNTAX)])],
      { cause: 'refused-in-clear' },
    ],
    ['nothing after IKE_SA_INIT', begun, { cause: 'nothing-after-sa-init', certainty: 'likely' }],
    [
      'IKE_AUTH in one packet, unanswered',
      [...begun, turn('client', 0.2, 1, IDi, 400), turn('client', 1.2, 1, IDi, 400)],
      { cause: 'auth-unanswered', phase: 'P3' },
    ],
    [
      'a bare notification for an answer',
      [...begun, turn('client', 0.2, 1, IDi, 400), turn('gateway', 0.3, 1, N, 8)],
      { cause: 'refused-at-once' },
    ],
    [
      'EAP that is never answered',
      [...begun, ...proof, turn('client', 0.4, 2, EAP, 40), turn('client', 1.4, 2, EAP, 40)],
      { cause: 'gateway-silent-in-eap', phase: 'P4' },
    ],
    [
      'EAP that ends with a failure',
      [...begun, ...proof, turn('client', 0.4, 2, EAP, 40), turn('gateway', 0.5, 2, EAP, 8)],
      { cause: 'eap-refused' },
    ],
    [
      'a client that stops in the middle of EAP',
      [...begun, ...proof, turn('client', 0.4, 2, EAP, 40), turn('gateway', 0.5, 2, EAP, 900)],
      { cause: 'client-stopped-in-eap' },
    ],
    [
      'a last AUTH that is refused',
      [...begun, ...proof, turn('client', 0.4, 2, AUTH, 40), turn('gateway', 0.5, 2, N, 8)],
      { cause: 'refused-at-end', phase: 'P5' },
    ],
    [
      'a last answer without room for a child',
      [...begun, ...proof, turn('client', 0.4, 2, AUTH, 40), turn('gateway', 0.5, 2, AUTH, 56)],
      { cause: 'no-child' },
    ],
    [
      'a last answer with all in it',
      [...begun, ...proof, turn('client', 0.4, 2, AUTH, 40), turn('gateway', 0.5, 2, AUTH, 200)],
      { outcome: 'connected' },
    ],
    [
      'a client that ends what the gateway began',
      [
        ...begun,
        ...proof,
        { at: 0.4, by: 'client', exchange: informational, id: 2, payloads: sealed(42, 8) },
      ],
      { cause: 'gateway-not-wanted' },
    ],
    [
      'an answer after which the client asks again',
      [
        ...begun,
        turn('client', 0.2, 1, IDi, 400),
        turn('gateway', 0.3, 1, IDr, 1200),
        turn('client', 1.2, 1, IDi, 400),
        turn('client', 3.2, 1, IDi, 400),
      ],
      { cause: 'answer-lost' },
    ],
  ])('%s', ([, sent, expected]) => {
    expect(read(captureOfSent(sent)).dials.at(-1)).toMatchObject(expected)
  })

  test('a capture that ends too soon is unfinished, with what it would be', () => {
    expect(read(captureOfSent([asks(0)], false)).dials).toMatchObject([{ outcome: 'unfinished' }])
    expect(read(captureOfSent(begun, false)).dials).toMatchObject([
      { outcome: 'unfinished', cause: 'nothing-after-sa-init' },
    ])
  })

  test('which fragments came, and which never did', () => {
    const large = (at: number, pieces: readonly number[]): Sent => ({
      ...turn('client', at, 1, IDi, 3000),
      pieces,
    })
    const partial = read(captureOfSent([...begun, large(0.2, [0, 2800]), large(1.2, [0, 2800])]))
    expect(partial.dials).toMatchObject([{ cause: 'fragments-lost', certainty: 'certain' }])
    expect(partial.dials[0]?.evidence[1]?.text).toContain(
      'at offsets 0, 2800; octets 1400 to 2799 were never seen here',
    )
    const headless = read(captureOfSent([...begun, large(0.2, [1400, 2800])]))
    expect(headless.dials).toMatchObject([{ cause: 'fragments-lost' }])
    expect(headless.dials[0]?.evidence[0]?.text).toContain('at offsets 1400, 2800: never the first')
    const back = read(
      captureOfSent([
        ...begun,
        turn('client', 0.2, 1, IDi, 400),
        { ...turn('gateway', 0.3, 1, IDr, 3000), pieces: [0, 2800] },
        turn('client', 1.2, 1, IDi, 400),
      ]),
    )
    expect(back.dials).toMatchObject([{ cause: 'answer-fragments-lost' }])
  })

  test('two dials are told apart', () => {
    const second = [...begun, ...proof].map((sent) => ({ ...sent, at: sent.at + 20, spi: 2 }))
    const { dials } = read(captureOfSent([asks(0), asks(1), ...second]))
    expect(dials.map(({ cause }) => cause)).toEqual(['sa-init-unanswered', 'gateway-not-wanted'])
  })
})

test('a file without IKE is refused in one clause', () => {
  const result = diagnoseCapture(captureOfSent([]))
  expect(result.ok ? '' : result.error).toBe(
    'has no message of IKE in its 1 frames: no UDP 500 or 4500',
  )
})

test('no file throws, and what is told of it can be printed', async () => {
  const { capture } = await dialled({ tunnel: 'device' })
  const sound = [
    seenAt(capture, 'laptop/homeLan'),
    captureOfSent([...begun, { ...turn('client', 0.2, 1, IDi, 3000), pieces: [2800, 0, 1400] }]),
    captureOfSent([...begun, ...proof, turn('client', 0.4, 2, AUTH, 40)]),
  ]
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 12 })
  fc.assert(
    fc.property(fc.constantFrom(...sound), changes, (bytes, changed) => {
      const damaged = bytes.slice()
      for (const [at, value] of changed) damaged[at % damaged.length] = value
      const result = diagnoseCapture(damaged)
      const lines = result.ok ? renderCapture('x.pcap', result.value) : [result.error]
      return lines.length > 0 && !lines.some((line) => line.includes('undefined'))
    }),
    { numRuns: 1500, seed: 5 },
  )
})

test('the lines for people have the frames, the code and the fix', async () => {
  const { capture } = await dialled({ on: 'hotelLaptop' })
  const lines = renderCapture('hotel.pcapng', valueOf(diagnoseCapture(capture))).join('\n')
  expect(lines).toMatch(/^hotel\.pcapng: \d+ frames in .*, 1 dial\n/)
  expect(lines).toContain('IKE_SA_INIT: sent 5 times, again after 1 s, 3 s, 7 s, 15 s')
  expect(lines).toContain('error 809 (ERROR_VPN_TIMEOUT)')
  expect(lines).toContain('came as far as hotelRouter/hotelLan')
})
