/** What each cause leaves in the logs of client, gateway and NPS, and which assumptions that rests on. */
import { describe, expect, test } from 'vitest'
import { ASSUMPTIONS, type Assumptions } from '../../../src/windows/assumptions.ts'
import {
  clientEventsUntil,
  connectedEvents,
  connectVerdict,
} from '../../../src/windows/connect/decisions.ts'
import {
  DEVICE,
  failureFor,
  gatewayCertificate,
  MET,
  nps,
  npsCertificate,
  silence,
  SSTP,
  USER,
  type Made,
} from './table.ts'

describe('the logs', () => {
  test.for<[what: string, failure: Made, client: number[], gateway: number[], nps: string]>([
    ['no attempt leaves nothing', { kind: 'not-attempted', why: 'no-network' }, [], [], ''],
    ['a name', { kind: 'name-unresolved', name: 'x' }, [20221, 20222, 20227], [], ''],
    ['no answer', silence, [20221, 20222, 20227], [], ''],
    ['IKE suites', { kind: 'ike-proposal-mismatch' }, [20221, 20222, 20227], [], ''],
    [
      'the gateway’s certificate',
      gatewayCertificate('pki/name-mismatch'),
      [20221, 20222, 20227],
      [],
      '',
    ],
    [
      'no certificate on the gateway',
      { kind: 'server-certificate-missing' },
      [20221, 20222, 20227],
      [20168],
      '',
    ],
    [
      'EAP is not accepted',
      { kind: 'method-not-accepted', method: 'eap' },
      [20221, 20222, 20223, 20224, 20227],
      [20276],
      '',
    ],
    [
      'RADIUS is unreachable',
      { kind: 'radius-silent', cause: 'unreachable' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      '',
    ],
    [
      'the name of NPS',
      { kind: 'radius-silent', cause: 'unresolved' },
      [20221, 20222, 20223, 20224, 20227],
      [20148, 20271],
      '',
    ],
    [
      'the entry of the gateway',
      { kind: 'radius-silent', cause: 'unknown-client' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      'System 13',
    ],
    [
      'the shared secret',
      { kind: 'radius-silent', cause: 'bad-message-authenticator' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      'System 18',
    ],
    [
      'no Message-Authenticator',
      { kind: 'radius-silent', cause: 'missing-message-authenticator' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      'System 17',
    ],
    [
      'an extension',
      { kind: 'radius-silent', cause: 'extension-discarded' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      'Security 6274 9',
    ],
    [
      'the disk',
      { kind: 'radius-silent', cause: 'logging-failed' },
      [20221, 20222, 20223, 20224, 20227],
      [20146, 20271],
      'Security 6274 80',
    ],
    ['no policy', nps(48), [20221, 20222, 20223, 20224, 20227], [20271], 'Security 6273 48'],
    [
      'NPS has no certificate',
      { kind: 'nps-certificate-missing' },
      [20221, 20222, 20223, 20224, 20227],
      [20271],
      'Security 6273 23',
    ],
    [
      'the root of NPS',
      npsCertificate('pki/untrusted-root'),
      [20221, 20222, 20223, 20224, 20227],
      [20271],
      'Security 6273 265',
    ],
    [
      'the dates of NPS',
      npsCertificate('pki/certificate-expired'),
      [20221, 20222, 20223, 20224, 20227],
      [20271],
      'Security 6273 23',
    ],
    [
      'no user certificate',
      { kind: 'no-user-certificate' },
      [20221, 20222, 20223, 20224, 20227],
      [20255],
      '',
    ],
    ['too late', { kind: 'negotiate-time-over' }, [20221, 20222, 20223, 20224, 20227], [20049], ''],
    [
      'the pool',
      { kind: 'no-address' },
      [20221, 20222, 20223, 20224, 20227],
      [20250, 20167],
      'Security 6272',
    ],
    // Granted by NPS, and yet no tunnel.
    [
      'ESP suites',
      { kind: 'esp-proposal-mismatch' },
      [20221, 20222, 20223, 20224, 20227],
      [20250, 20255],
      'Security 6272',
    ],
  ])('%s', ([, made, client, gateway, told]) => {
    const verdict = connectVerdict(failureFor(made, USER), USER)
    expect(verdict.client).toEqual(client)
    expect(verdict.gateway).toEqual(gateway)
    const written = verdict.nps.map(({ log, id, reason }) =>
      [log, id, reason ?? ''].join(' ').trim(),
    )
    expect(written.join(', ')).toBe(told)
  })

  test('a device asks no NPS', () => {
    for (const { failure } of MET.filter(({ dial }) => dial === DEVICE)) {
      expect(connectVerdict(failure, DEVICE).nps).toEqual([])
    }
    expect(connectedEvents(DEVICE).nps).toEqual([])
  })

  test('a dial that succeeds', () => {
    expect(connectedEvents(USER)).toEqual({
      client: [20221, 20222, 20223, 20224, 20225],
      gateway: [20250, 20274],
      nps: [{ log: 'Security', id: 6272 }],
      restsOn: [],
    })
    expect(connectedEvents(DEVICE).restsOn).toEqual(['gatewayLogsDevices'])
    const none: Assumptions = { ...ASSUMPTIONS, gatewayLogsDevices: 'none' }
    expect(connectedEvents(DEVICE, none).gateway).toEqual([])
    expect(connectedEvents(USER, none).gateway).toEqual([20250, 20274])
  })

  test('stages of IKEv2 as of PPP, at once, or with success only', () => {
    const until = (
      phase: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6',
      stages: Assumptions['rasClientStagesOfIke'],
    ) => clientEventsUntil(phase, USER, { rasClientStagesOfIke: stages }).join(' ')
    const [bare, linked, up] = [
      '20221 20222',
      '20221 20222 20223 20224',
      '20221 20222 20223 20224 20225',
    ]
    expect(
      ['P1', 'P2', 'P3', 'P4', 'P5', 'P6'].map((phase) => until(phase as 'P1', 'as-ppp')),
    ).toEqual([bare, bare, bare, linked, linked, up])
    expect(
      ['P1', 'P2', 'P3', 'P4', 'P5', 'P6'].map((phase) => until(phase as 'P1', 'at-once')),
    ).toEqual([bare, linked, linked, linked, linked, up])
    expect(
      ['P1', 'P2', 'P3', 'P4', 'P5', 'P6'].map((phase) => until(phase as 'P1', 'none')),
    ).toEqual([bare, bare, bare, bare, bare, up])
    // SSTP is PPP, whatever IKEv2 does.
    expect(clientEventsUntil('P4', SSTP, { rasClientStagesOfIke: 'none' }).join(' ')).toBe(linked)
  })
})

describe('assumptions', () => {
  /** Before a dial is linked the one changes it, afterwards the other. */
  const STAGES = [
    ['rasClientStagesOfIke', 'at-once'],
    ['rasClientStagesOfIke', 'none'],
  ] as const
  /** Each with another value. */
  const OTHER: readonly (readonly [string, unknown])[] = [
    ...STAGES,
    ...Object.entries({
      sstpNoAnswer: '0x8007274C',
      ikeWithoutPort: '809',
      sstpWithoutCertificate: '0x80070040',
      deviceCodeOfUntrustedServer: '13806',
      deviceCodeOfUntrustedDevice: '13806',
      clientCodeOfMethod: '13868',
      deviceCodeOfMethod: '13868',
      clientCodeOfSelectors: '13868',
      clientCodeOfSilence: '718',
      clientCodeOfUnknownAccount: '812',
      clientCodeWithoutCrl: '853',
      clientCodeOfPurposeConstraint: '853',
      reasonOfNoServerCertificate: 22,
      gatewayLogsAbandonedDials: false,
      gatewayLogsDevices: 'none',
    } satisfies Partial<Assumptions>),
  ]
  /** Those are asked when a certificate is judged, before there is a verdict. */
  const JUDGES = ['sstpWrongPurpose', 'deviceCodeWithoutCrl', 'reasonOfClientDistrust']

  test('each that a verdict names changes it, and no other does', () => {
    for (const { what, dial, failure } of MET) {
      const { restsOn, ...verdict } = connectVerdict(failure, dial)
      const named = new Set<string>()
      for (const [name, value] of OTHER) {
        const { restsOn: _, ...changed } = connectVerdict(failure, dial, {
          ...ASSUMPTIONS,
          [name]: value,
        })
        if (JSON.stringify(changed) !== JSON.stringify(verdict)) named.add(name)
      }
      const own = restsOn.filter((name) => !JUDGES.includes(name))
      expect({ what, dial, named: [...named].toSorted() }).toEqual({
        what,
        dial,
        named: own.toSorted(),
      })
    }
  })
})
