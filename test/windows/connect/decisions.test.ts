/** The decision table, row by row and in its order. What is expected: `table.ts`. */
import { describe, expect, test } from 'vitest'
import { ASSUMPTIONS, type Assumptions } from '../../../src/windows/assumptions.ts'
import { DECISION_ORDER, DECISIONS } from '../../../src/windows/connect/decision-table.ts'
import {
  connectVerdict,
  decisionOrder,
  decisionRow,
  firstMet,
} from '../../../src/windows/connect/decisions.ts'
import type { ConnectFailure, Dial } from '../../../src/windows/connect/failures.ts'
import { NPS_REASON_CODES } from '../../../src/windows/nps/reasons.ts'
import {
  CASES,
  DEVICE,
  deviceCertificate,
  failureFor,
  gatewayCertificate,
  MET,
  NEVER_MET,
  nps,
  npsCertificate,
  TABLE,
  USER,
  type Made,
} from './table.ts'

/** Assumptions about logs and reasons say nothing of the code. */
const BESIDE_THE_CODE = [
  'rasClientStagesOfIke',
  'gatewayLogsAbandonedDials',
  'gatewayLogsDevices',
  'reasonOfNoServerCertificate',
]

test.for(MET)('row $row, $what, $dial: $expected', ({ row, dial, failure, phase, expected }) => {
  const verdict = connectVerdict(failure, dial)
  expect(decisionRow(failure)).toBe(row)
  expect(verdict).toMatchObject({ row, phase })
  expect(verdict.code).toBe(expected === 'none' ? undefined : expected.replace('*', ''))
  const doubts = verdict.restsOn.filter((name) => !BESIDE_THE_CODE.includes(name))
  expect({ doubts, rests: doubts.length > 0 }).toEqual({ doubts, rests: expected.endsWith('*') })
  expect(Object.keys(ASSUMPTIONS)).toEqual(expect.arrayContaining([...verdict.restsOn]))
})

test.for(NEVER_MET)('row $row, $what cannot happen to $dial', ({ row, dial, failure }) => {
  expect(decisionRow(failure)).toBe(row)
  expect(() => connectVerdict(failure, dial)).toThrow(RangeError)
})

test('the table has every cause, and every row that a dial can meet', () => {
  const kinds = CASES.map(({ failure }) => failure.kind)
  expect(new Set(kinds)).toEqual(new Set(Object.keys(DECISIONS)))
  const rows = new Set(TABLE.map(([row]) => row))
  expect(rows).toEqual(new Set(Object.values(DECISION_ORDER).flat()))
})

test('every reason of NPS stands in a row that users meet', () => {
  for (const reason of NPS_REASON_CODES.filter((code) => code !== 0)) {
    expect(['14', '14b', '15']).toContain(decisionRow(nps(reason)))
    expect(connectVerdict(nps(reason), USER).nps).toEqual([{ log: 'Security', id: 6273, reason }])
  }
})

describe('the order', () => {
  const BESIDE = ['5b', '8b', '15b']
  const order = (dial: Dial) => DECISION_ORDER[dial].filter((row) => !BESIDE.includes(row))

  test('of a user tunnel', () => {
    const numbered = '1 2 3 4 5 6a 7 8 13 14 14b 12 11 15 16 6b'
    expect(order(USER).join(' ')).toBe(numbered)
  })
  test('of a device tunnel', () => {
    expect(order(DEVICE).join(' ')).toBe('1 2 3 5 6a 9 10 7 8 16 6b')
  })

  const badGateway = gatewayCertificate('pki/certificate-expired')
  const badNps = npsCertificate('pki/untrusted-root')
  const badDevice = deviceCertificate('pki/root-not-accepted')
  test.for<[what: string, dial: Dial, wrong: Made[], row: string]>([
    [
      'the path to NPS is broken and its certificate bad',
      USER,
      [badNps, { kind: 'radius-silent' }],
      '13',
    ],
    ['not in the group, and the certificate of NPS bad', USER, [badNps, nps(48)], '14'],
    ['the EAP type is not allowed, and the certificate of NPS bad', USER, [badNps, nps(22)], '14b'],
    ['the certificates of NPS and of the user are bad', USER, [nps(268), badNps], '12'],
    [
      'ESP differs, and the gateway’s certificate is bad',
      USER,
      [{ kind: 'esp-proposal-mismatch' }, badGateway],
      '8',
    ],
    ['ESP differs, and NPS says no', USER, [{ kind: 'esp-proposal-mismatch' }, nps(48)], '14'],
    [
      'IKE differs, and the gateway’s certificate is bad',
      USER,
      [badGateway, { kind: 'ike-proposal-mismatch' }],
      '6a',
    ],
    ['device and gateway have bad certificates', DEVICE, [badGateway, badDevice], '10'],
    [
      'the device has none, the gateway a bad one',
      DEVICE,
      [badGateway, { kind: 'device-certificate-missing' }],
      '9',
    ],
    [
      'the pool is empty and ESP differs',
      DEVICE,
      [{ kind: 'esp-proposal-mismatch' }, { kind: 'no-address' }],
      '16',
    ],
    ['what is NPS’s does not touch a device', DEVICE, [nps(48), { kind: 'no-address' }], '16'],
    [
      'a device without a certificate does not touch a user',
      USER,
      [{ kind: 'device-certificate-missing' }, { kind: 'no-address' }],
      '16',
    ],
  ])('%s: row %4$s', ([, dial, wrong, row]) => {
    const met = firstMet(
      wrong.map((made) => failureFor(made, dial)),
      dial,
    )
    expect(met && decisionRow(met)).toBe(row)
    // As many as there are, in whatever order they are named.
    const turned = wrong.toReversed().map((made) => failureFor(made, dial))
    expect(firstMet(turned, dial)).toEqual(met)
  })

  test('what cannot happen to a dial is not met', () => {
    expect(firstMet([nps(48)], DEVICE)).toBeUndefined()
    expect(firstMet([], USER)).toBeUndefined()
  })

  test('a missing user certificate is found late, or when EAP asks who is there', () => {
    const wrong: ConnectFailure[] = [{ kind: 'no-user-certificate' }, { kind: 'radius-silent' }]
    expect(firstMet(wrong, USER)?.kind).toBe('radius-silent')
    const early: Assumptions = { ...ASSUMPTIONS, userCertificateMissed: 'at-identity' }
    expect(firstMet(wrong, USER, early)?.kind).toBe('no-user-certificate')
    expect(decisionOrder(USER, early).toSorted()).toEqual(DECISION_ORDER[USER].toSorted())
    expect(decisionOrder(DEVICE, early)).toEqual(DECISION_ORDER[DEVICE])
  })
})
