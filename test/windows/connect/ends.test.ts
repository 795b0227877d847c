/** Why a connection that stood is gone: the reason in event 20226, and who says so on the gateway. */
import { expect, test } from 'vitest'
import { ASSUMPTIONS } from '../../../src/windows/assumptions.ts'
import { vpnCode } from '../../../src/windows/connect/codes.ts'
import { connectionEnd, type ConnectionEnd } from '../../../src/windows/connect/ends.ts'

test.for<[end: ConnectionEnd, code: string, phase: string, gateway: number[]]>([
  ['user', '631', 'P9', [20272, 20275]],
  ['signed-out', '830', 'P9', [20272, 20275]],
  ['hibernated', '832', 'P9', [20272, 20275]],
  ['suspended', '833', 'P9', [20272, 20275]],
  ['inside', '631', 'P9', [20272, 20275]],
  ['service-stopped', '834', 'P9', [20272, 20275]],
  ['idle', '828', 'P9', [20139, 20272, 20275]],
  ['session-limit', '629', 'P9', [20140, 20272, 20275]],
  ['remote', '629', 'P9', [20272, 20275]],
  ['link-lost', '829', 'P8', [20272, 20275]],
  ['gateway-restarted', '829', 'P8', []],
  ['moved-without-mobility', '843', 'P8', [20272, 20275]],
  ['moved-without-mobike', '13904', 'P8', [20272, 20275]],
  ['rekey-failed', '829', 'P8', [20255, 20272, 20275]],
])('%s: %s', ([end, code, phase, gateway]) => {
  expect(connectionEnd(end)).toMatchObject({ code, phase, client: [20226], gateway })
  expect(vpnCode(connectionEnd(end).code).stage).toBe('connected')
})

test('what no source confirms is named, and can be set', () => {
  const assume = {
    ...ASSUMPTIONS,
    rasClientEventOfLostLink: 20220,
    codeOfMoveWithoutMobility: '829',
    codeOfFailedRekey: '13868',
  } as const
  expect(connectionEnd('link-lost').restsOn).toEqual(['rasClientEventOfLostLink'])
  expect(connectionEnd('link-lost', assume).client).toEqual([20220])
  expect(connectionEnd('idle', assume).client).toEqual([20226])
  expect(connectionEnd('moved-without-mobility', assume)).toMatchObject({
    code: '829',
    restsOn: ['codeOfMoveWithoutMobility'],
  })
  expect(connectionEnd('rekey-failed', assume)).toMatchObject({
    code: '13868',
    restsOn: ['codeOfFailedRekey'],
  })
  expect(connectionEnd('inside').restsOn).toEqual(['tunnelOnTrustedNetwork'])
  expect(connectionEnd('user').restsOn).toEqual([])
})
